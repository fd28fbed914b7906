/** Schemas for everything that comes from outside: settings, manifests, frames. */
export { z } from "npm:zod@4.6.7";
