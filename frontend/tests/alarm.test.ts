import { expect, test } from "vitest";
import { levelOf, priorityNumber, sorted, urgency } from "../src/alarm";

const alarm = (priority: string, phrase = "") => ({ code: "30", codepage: 1, priority, phrase });
const character = (number: number) => String.fromCharCode(0x30 + number);

test("priorities are 1 to 31, in the three levels of IEC 60601-1-8", () => {
  expect([1, 10, 11, 24, 25, 31].map((n) => levelOf(character(n)))).toEqual(["low", "low", "medium", "medium", "high", "high"]);
  expect(["~", "", "0", "12", "é"].map(levelOf)).toEqual(Array(5).fill("unknown"));
  expect(priorityNumber("C")).toBe(19);
});

test("alarms stand in the order of their priority", () => {
  const alarms = [alarm("5", "B"), alarm("~", "A"), alarm("L", "C"), alarm("C", "D"), alarm("5", "A")];
  expect(sorted(alarms).map((one) => one.priority + one.phrase)).toEqual(["LC", "CD", "5A", "5B", "~A"]);
  expect(urgency(alarms)).toBe(3);
  expect(urgency([alarm("~")])).toBe(0);
});
