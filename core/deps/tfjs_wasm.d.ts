/** The wasm backend's bytes as a `data:` URL. */
declare const url: string;
export default url;
