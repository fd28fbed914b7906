import { assertEquals, assertNotEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { readKeyFile, writeKeyFile } from "./key_file.ts";
import { makeSigningKey, publicKeyOf, sign, type SignedImage, verifySignature } from "./signature.ts";

const IMAGE: SignedImage = { manifest: { name: "mood", version: "1.2.0" }, sha256: "ab".repeat(32) };

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

Deno.test("sign() and verifySignature() agree with Ed25519 of RFC 8032, test 1", async () => {
  // Its secret key in PKCS #8, which is a fixed beginning and the 32 bytes.
  const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
  const key = await crypto.subtle.importKey(
    "pkcs8",
    Uint8Array.fromHex(`302e020100300506032b657004220420${seed}`),
    "Ed25519",
    true,
    ["sign"],
  );

  const { key: publicKey, signature } = await sign(IMAGE, key);

  const expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  assertEquals(Uint8Array.fromBase64(publicKey).toHex(), expected);
  // The signature is one of exactly this text, by the one who has the key.
  const text = `["k-bert plugin signature 1","mood","1.2.0","${"ab".repeat(32)}"]`;
  const verifier = await crypto.subtle.importKey("raw", Uint8Array.fromHex(expected), "Ed25519", true, [
    "verify",
  ]);
  const bytes = Uint8Array.fromBase64(signature);
  assertEquals(await crypto.subtle.verify("Ed25519", verifier, bytes, new TextEncoder().encode(text)), true);
  assertEquals(await verifySignature(encode({ format: 1, key: publicKey, signature }), IMAGE), {
    key: publicKey,
  });
});

Deno.test("verifySignature refuses a signature of another name, version or code, or by another key", async () => {
  const { privateKey } = await makeSigningKey();
  const other = await makeSigningKey();
  const signed = await sign(IMAGE, privateKey);
  const cases: [signature: unknown, image: SignedImage][] = [
    [signed, { ...IMAGE, manifest: { ...IMAGE.manifest, name: "moods" } }],
    [signed, { ...IMAGE, manifest: { ...IMAGE.manifest, version: "1.2.1" } }],
    [signed, { ...IMAGE, sha256: "ac".repeat(32) }],
    [{ ...signed, key: other.publicKey }, IMAGE],
    [{ ...signed, key: new Uint8Array(32).fill(255).toBase64() }, IMAGE],
    [{ ...signed, signature: new Uint8Array(64).toBase64() }, IMAGE],
  ];

  for (const [signature, image] of cases) {
    const error = await assertRejects(() => verifySignature(encode(signature), image), KBertError);
    assertEquals([error.code, error.message.includes("its signature is not of this code")], [
      "plugin/signature",
      true,
    ]);
  }
});

Deno.test("verifySignature refuses what is no signature, and has nothing to say of a folder without one", async () => {
  const signed = await sign(IMAGE, (await makeSigningKey()).privateKey);
  const bad = [
    ...[{}, null, "text", { ...signed, format: 2 }, { ...signed, more: 1 }, { ...signed, key: "AAAA" }],
    ...[{ ...signed, signature: `${signed.signature}\n` }, { ...signed, key: [signed.key] }],
  ];
  await using folder = await withTempFolder();

  for (const value of bad) {
    await assertRejects(() => verifySignature(encode(value), IMAGE), KBertError, "no signature of format 1");
  }
  await assertRejects(
    () => verifySignature(new Uint8Array(5_000), IMAGE),
    KBertError,
    "no signature of format 1",
  );
  assertEquals(await verifySignature(folder.path, IMAGE), undefined);
  await Deno.mkdir(`${folder.path}/signature.json`);
  await assertRejects(() => verifySignature(folder.path, IMAGE), KBertError, "it is not a file");
});

Deno.test("a key file is only its user's, is never written over, and signs as the key did", async () => {
  await using folder = await withTempFolder();
  const path = `${folder.path}/key.pem`;
  const publicKey = await writeKeyFile(path);
  const text = await Deno.readTextFile(path);

  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals(await publicKeyOf(await readKeyFile(path)), publicKey);
  await assertRejects(
    () => writeKeyFile(path),
    KBertError,
    "a key is never written over; choose another path",
  );
  assertEquals(await Deno.readTextFile(path), text);
  assertNotEquals(await writeKeyFile(`${folder.path}/other.pem`), publicKey);
});

Deno.test("readKeyFile refuses a key that others may read, and what is no key", async () => {
  await using folder = await withTempFolder();
  const path = `${folder.path}/key.pem`;
  await writeKeyFile(path);
  await Deno.chmod(path, 0o640);
  const text = `${folder.path}/text.pem`;
  await Deno.writeTextFile(text, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", {
    mode: 0o600,
  });

  await assertRejects(
    () => readKeyFile(path),
    KBertError,
    `other users may read or write it; if nobody has, chmod 600`,
  );
  await assertRejects(() => readKeyFile(text), KBertError, "it has no private Ed25519 key in PEM");
  await assertRejects(
    () => readKeyFile(folder.path),
    KBertError,
    "it is no key file; make one with plugin key",
  );
  await assertRejects(
    () => readKeyFile(`${folder.path}/none`),
    KBertError,
    "there is no such file; make one with",
  );
});
