/** Property tests: random input, and the smallest one that fails. */
export { default as fc } from "npm:fast-check@4.10.2";
