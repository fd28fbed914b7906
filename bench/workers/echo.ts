/**
 * A bare worker: answers what it is sent, and moves the buffer of a tensor back.
 *
 * @module
 */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<unknown>) => void;
  postMessage(message: unknown, transfer?: Transferable[]): void;
};

scope.onmessage = ({ data }) => {
  if (data instanceof Float32Array) scope.postMessage(data, [data.buffer as ArrayBuffer]);
  else scope.postMessage(data);
};
