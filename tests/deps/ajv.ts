/** A validator of JSON Schema that had no part in making ours. */
export { Ajv } from "npm:ajv@8.20.0";
