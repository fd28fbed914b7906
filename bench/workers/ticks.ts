/**
 * A bare worker that posts as many objects as it is told to, one in each message.
 *
 * @module
 */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<number>) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = ({ data: count }) => {
  for (let step = 1; step <= count; step++) scope.postMessage({ step, loss: 1 / step });
};
