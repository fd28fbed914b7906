export * from "npm:arquero@7.2.1";
