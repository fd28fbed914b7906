// What goes into core/table/assets/arquero.js: all of arquero but what loads files, which a plugin may not.
export * from "arquero/src/api.js";
