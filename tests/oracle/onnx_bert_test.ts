import { assertAlmostEquals, assertEquals, assertGreater, assertThrows } from "../../core/deps/assert.ts";
import { Random } from "../../core/tensor/random.ts";
import type { HostTensor } from "../../core/wall/tensor.ts";
import { bertToOnnx, type OracleConfig, type OracleInputs, runOnnx } from "./onnx_bert.ts";

const TINY: OracleConfig = {
  vocabSize: 7,
  hiddenSize: 4,
  layers: 1,
  heads: 2,
  intermediateSize: 6,
  maxPositions: 5,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
};

/** Two texts of three tokens; the last token of the second is padding. */
const BATCH: OracleInputs = {
  ids: new Int32Array([1, 6, 2, 5, 0, 3]),
  mask: new Int32Array([1, 1, 1, 1, 1, 0]),
  types: new Int32Array([0, 0, 1, 0, 1, 1]),
  batch: 2,
  length: 3,
};

for (const layers of [1, 2]) {
  Deno.test(`runOnnx() agrees with plain loops in float64 on an encoder of ${layers} layers`, async () => {
    const config = { ...TINY, layers };
    const weights = randomWeights(config, new Random(layers));

    const { shape, data } = await runOnnx(bertToOnnx(config, weights), BATCH);

    assertEquals(shape, [2, 3, 4]);
    const expected = [0, 1].flatMap((row) => encode(config, weights, BATCH, row).flat());
    // Normalized numbers of size 1 in float32, after some ten sums of at most six terms.
    for (const [at, value] of expected.entries()) assertAlmostEquals(data[at]!, value, 1e-5);
  });
}

Deno.test("runOnnx() gives a token the same numbers whatever stands in the padding", async () => {
  const model = bertToOnnx(TINY, randomWeights(TINY, new Random(3)));
  const other = { ...BATCH, ids: BATCH.ids.with(5, 6), types: BATCH.types.with(5, 0) };

  const [one, two] = [await runOnnx(model, BATCH), await runOnnx(model, other)];

  assertEquals(one.data.slice(0, 20), two.data.slice(0, 20));
  assertGreater(Math.abs(one.data[20]! - two.data[20]!), 1e-3); // the padding itself does change
});

Deno.test("bertToOnnx() says which weight is missing or has another shape", () => {
  const weights = randomWeights(TINY, new Random(4));
  const build = (config: OracleConfig) => () => bertToOnnx(config, weights);

  assertThrows(
    build({ ...TINY, layers: 2 }),
    RangeError,
    '"encoder.layer.1.attention.self.query.weight" is missing',
  );
  assertThrows(build({ ...TINY, vocabSize: 8 }), RangeError, "is float32 [7,4] and must be float32 [8,4]");
});

Deno.test("errorFunction() of this test has the values of Abramowitz and Stegun, table 7.1", () => {
  assertAlmostEquals(errorFunction(0.5), 0.5204998778, 1e-10);
  assertAlmostEquals(errorFunction(-1), -0.8427007929, 1e-10);
  assertAlmostEquals(errorFunction(2), 0.9953222650, 1e-10);
});

function randomWeights(config: OracleConfig, random: Random): Map<string, HostTensor> {
  const { vocabSize, hiddenSize: width, intermediateSize: wide, maxPositions, typeVocabSize } = config;
  const weights = new Map<string, HostTensor>();
  const add = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, () => random.normal());
    weights.set(name, { dtype: "float32", shape, data });
  };
  const addPair = (name: string, ...shape: number[]): void => {
    add(`${name}.weight`, ...shape);
    add(`${name}.bias`, shape[0]!);
  };
  add("embeddings.word_embeddings.weight", vocabSize, width);
  add("embeddings.position_embeddings.weight", maxPositions, width);
  add("embeddings.token_type_embeddings.weight", typeVocabSize, width);
  addPair("embeddings.LayerNorm", width);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `encoder.layer.${layer}`;
    for (const part of ["query", "key", "value"]) addPair(`${at}.attention.self.${part}`, width, width);
    addPair(`${at}.attention.output.dense`, width, width);
    addPair(`${at}.attention.output.LayerNorm`, width);
    addPair(`${at}.intermediate.dense`, wide, width);
    addPair(`${at}.output.dense`, width, wide);
    addPair(`${at}.output.LayerNorm`, width);
  }
  return weights;
}

type Vector = number[];

/** One text through BERT, number by number: a list of vectors, one per token. */
function encode(
  config: OracleConfig,
  weights: Map<string, HostTensor>,
  inputs: OracleInputs,
  row: number,
): Vector[] {
  const { length } = inputs;
  const part = (name: string): Vector => [...weights.get(name)!.data];
  const pick = (name: string, index: number): Vector =>
    part(name).slice(index * config.hiddenSize, (index + 1) * config.hiddenSize);
  const normalize = (at: string, x: Vector): Vector => {
    const mean = x.reduce(sum) / x.length;
    const variance = x.map((value) => (value - mean) ** 2).reduce(sum) / x.length;
    const [scale, shift] = [part(`${at}.weight`), part(`${at}.bias`)];
    return x.map((value, i) =>
      (value - mean) / Math.sqrt(variance + config.layerNormEps) * scale[i]! + shift[i]!
    );
  };
  const linear = (at: string, x: Vector): Vector => {
    const matrix = part(`${at}.weight`);
    return part(`${at}.bias`).map((bias, out) =>
      x.reduce((total, value, i) => total + value * matrix[out * x.length + i]!, bias)
    );
  };

  let hidden = Array.from({ length }, (_, place) => {
    const word = pick("embeddings.word_embeddings.weight", inputs.ids[row * length + place]!);
    const type = pick("embeddings.token_type_embeddings.weight", inputs.types[row * length + place]!);
    const position = pick("embeddings.position_embeddings.weight", place);
    return normalize("embeddings.LayerNorm", word.map((value, i) => value + type[i]! + position[i]!));
  });
  const seen = [...inputs.mask.slice(row * length, (row + 1) * length)].map((value) => value === 1);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const project = (name: string): Vector[] => hidden.map((x) => linear(`${at}.attention.self.${name}`, x));
    const mixed = attend(project("query"), project("key"), project("value"), seen, config.heads);
    hidden = mixed.map((context, place) => {
      const attended = linear(`${at}.attention.output.dense`, context);
      const middle = normalize(`${at}.attention.output.LayerNorm`, add(attended, hidden[place]!));
      const inner = linear(`${at}.intermediate.dense`, middle).map(gelu);
      return normalize(`${at}.output.LayerNorm`, add(linear(`${at}.output.dense`, inner), middle));
    });
  }
  return hidden;
}

/** Each head looks at its own slice of the vectors; a masked token is left out of the sum altogether. */
function attend(
  queries: Vector[],
  keys: Vector[],
  values: Vector[],
  seen: boolean[],
  heads: number,
): Vector[] {
  const size = queries[0]!.length / heads;
  return queries.map((query) =>
    query.map((_, at) => {
      const first = Math.floor(at / size) * size;
      let [total, result] = [0, 0];
      for (const [place, key] of keys.entries()) {
        if (!seen[place]) continue;
        let score = 0;
        for (let i = first; i < first + size; i++) score += query[i]! * key[i]!;
        const weight = Math.exp(score / Math.sqrt(size));
        total += weight;
        result += weight * values[place]![at]!;
      }
      return result / total;
    })
  );
}

function gelu(x: number): number {
  return x / 2 * (1 + errorFunction(x / Math.SQRT2));
}

/** The Taylor series; its rounding error stays below 1e-8 up to 4, after which erf is 1 within 2e-8. */
function errorFunction(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; n < 100; n++) {
    term *= -x * x / n;
    total += term / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * total;
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]!);
}

function sum(a: number, b: number): number {
  return a + b;
}
