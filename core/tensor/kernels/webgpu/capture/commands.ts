/**
 * What a device is told in a part of a computation, so that it can be told again.
 *
 * The command encoder of tfjs' backend is wrapped: whoever encodes, our programs or tfjs' own, goes through it. Bind
 * groups and pipelines are kept as they are, which is what makes a replay cheap: a dispatch of it is three calls
 * into the engine, and none of them makes anything.
 *
 * @module
 */

/** A dispatch, or a copy of a buffer. */
export type Command = DispatchCommand | CopyCommand;

interface DispatchCommand {
  readonly kind: "dispatch";
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly offsets: readonly number[];
  readonly workgroups: readonly [number, number, number];
}

interface CopyCommand {
  readonly kind: "copy";
  readonly from: GPUBuffer;
  readonly to: GPUBuffer;
  readonly bytes: number;
}

/** The commands that were written down, in order. */
export class CommandList {
  readonly #commands: Command[] = [];
  /** What was encoded that cannot be told again. */
  problem: string | undefined;

  /** How many dispatches a replay makes. */
  get dispatches(): number {
    return this.#commands.filter(({ kind }) => kind === "dispatch").length;
  }

  /** An encoder that passes everything on to the given one, and writes it down. */
  listenTo(encoder: GPUCommandEncoder): GPUCommandEncoder {
    const watched: Pick<GPUCommandEncoder, "beginComputePass" | "copyBufferToBuffer" | "finish"> = {
      beginComputePass: (description) => this.#listenToPass(encoder.beginComputePass(description)),
      copyBufferToBuffer: (...copy: unknown[]) => {
        const [from, fromOffset, to, toOffset, bytes] = copy as [
          GPUBuffer,
          number,
          GPUBuffer,
          number,
          number,
        ];
        encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
        // An upload on its way: at a replay the numbers come from their function.
        if ((from.usage & GPUBufferUsage.MAP_WRITE) !== 0) return;
        if (fromOffset !== 0 || toOffset !== 0) this.problem = "a part of a buffer was copied";
        this.#commands.push({ kind: "copy", from, to, bytes });
      },
      finish: (...description) => encoder.finish(...description),
    };
    return refusing(watched, encoder, (name) => this.problem ??= `${name} was called`);
  }

  /** Encodes all of it, with as few passes as there can be. */
  encode(encoder: GPUCommandEncoder): void {
    let pass: GPUComputePassEncoder | undefined;
    for (const command of this.#commands) {
      if (command.kind === "copy") {
        pass?.end();
        pass = undefined;
        encoder.copyBufferToBuffer(command.from, 0, command.to, 0, command.bytes);
      } else {
        pass ??= encoder.beginComputePass();
        pass.setPipeline(command.pipeline);
        pass.setBindGroup(0, command.group, command.offsets as number[]);
        pass.dispatchWorkgroups(...command.workgroups);
      }
    }
    pass?.end();
  }

  #listenToPass(pass: GPUComputePassEncoder): GPUComputePassEncoder {
    let pipeline: GPUComputePipeline | undefined;
    let group: GPUBindGroup | undefined;
    let offsets: readonly number[] = [];
    const watched:
      & Pick<GPUComputePassEncoder, "setPipeline" | "end" | "dispatchWorkgroups">
      & { setBindGroup(index: number, group: GPUBindGroup, offsets?: number[]): void } = {
        setPipeline: (next) => pass.setPipeline(pipeline = next),
        setBindGroup: (index, next, nextOffsets = []) => {
          if (index !== 0) this.problem = `a bind group was set at ${index}`;
          pass.setBindGroup(index, group = next, offsets = nextOffsets);
        },
        dispatchWorkgroups: (x, y = 1, z = 1) => {
          pass.dispatchWorkgroups(x, y, z);
          const workgroups = [x, y, z] as const;
          this.#commands.push({ kind: "dispatch", pipeline: pipeline!, group: group!, offsets, workgroups });
        },
        end: () => pass.end(),
      };
    return refusing(watched, pass, (name) => this.problem ??= `${name} was called`);
  }
}

/** The watched methods; any other one is said to be a problem, and done all the same. */
function refusing<Target extends object>(
  watched: object,
  target: Target,
  refuse: (name: string) => void,
): Target {
  return new Proxy(target, {
    get(target, name): unknown {
      if (name in watched) return watched[name as keyof typeof watched];
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      refuse(String(name));
      return value.bind(target);
    },
  });
}
