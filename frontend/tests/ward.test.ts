import { expect, test } from "vitest";
import { href, parse } from "../src/route";
import { arranged, movedTo } from "../src/ward/order";

test("the reader's order first, the others behind by name", () => {
  expect(arranged(["bed-1", "bed-2", "bed-10"], ["bed-10", "gone"])).toEqual(["bed-10", "bed-1", "bed-2"]);
});

test("a tile goes where it is put, never off the end", () => {
  expect(movedTo(["a", "b", "c"], "a", 1)).toEqual(["b", "a", "c"]);
  expect(movedTo(["a", "b", "c"], "c", 0)).toEqual(["c", "a", "b"]);
  expect(movedTo(["a", "b", "c"], "b", 9)).toEqual(["a", "c", "b"]);
  expect(movedTo(["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
});

test("addresses go there and back", () => {
  const there = href("incubator", "a/b?c#d é", { from: "1", to: "2" });
  const { page, of, query } = parse(there);
  expect([page, of, query.get("from"), query.get("to")]).toEqual(["incubator", "a/b?c#d é", "1", "2"]);
  expect(parse("").page).toBe("ward");
  expect(parse("#/incubator/%E0%A4%A")).toMatchObject({ page: "incubator", of: "" });
});
