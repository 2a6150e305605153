import { expect, it } from "vitest";
import { placeOf } from "./place.ts";

it("does not say the shop's name twice", () => {
  expect(placeOf("Yonghe Pharmacy, 8 Jiefang Road", "Yonghe Pharmacy")).toBe("8 Jiefang Road");
  expect(placeOf("老王面馆·南京路店", "老王面馆")).toBe("南京路店");
  expect(placeOf("this machine", "this machine")).toBe("");
  expect(placeOf("Counter 3", "Green Market")).toBe("Counter 3");
});
