import { assertEquals } from "@std/assert";
import { CircuitBreaker } from "./circuit_breaker.ts";

Deno.test("CircuitBreaker opens after so many failures in a row, and for so long", () => {
  let now = 0;
  const breaker = new CircuitBreaker({ failuresToOpen: 2, pauseMs: 100, now: () => now });

  breaker.failed();
  breaker.succeeded();
  breaker.failed();
  assertEquals(breaker.pausedMs, 0);
  breaker.failed();
  assertEquals(breaker.pausedMs, 100);
  now = 60;
  assertEquals(breaker.pausedMs, 40);
  now = 101;
  assertEquals(breaker.pausedMs, 0);
});

Deno.test("CircuitBreaker opens again at the first failure after its pause, until a success", () => {
  let now = 0;
  const breaker = new CircuitBreaker({ failuresToOpen: 3, pauseMs: 100, now: () => now });
  for (let times = 0; times < 3; times++) breaker.failed();

  now = 150;
  breaker.failed();
  assertEquals(breaker.pausedMs, 100);
  now = 300;
  breaker.succeeded();
  breaker.failed();
  assertEquals(breaker.pausedMs, 0);
});

Deno.test("CircuitBreaker is open for as long as the server asked, also after one failure", () => {
  const breaker = new CircuitBreaker({ failuresToOpen: 3, pauseMs: 100, now: () => 0 });

  breaker.failed(700);
  breaker.failed(20);

  assertEquals(breaker.pausedMs, 700);
});
