/**
 * A bare worker that moves the buffers that it is sent back.
 *
 * @module
 */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<ArrayBuffer[]>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
};

scope.onmessage = ({ data }) => scope.postMessage(data, data);
