// What a person does on most visits.
import { expect, type Page } from "@playwright/test";
import type { Program } from "./program.ts";

export const account = { name: "li.na", password: "a long enough password" };

/** Follows the one-time link and makes the first account. */
export async function setUp(page: Page, program: Program): Promise<void> {
  await page.goto(program.setup);
  await page.getByLabel(/^(Name|用户名)$/).fill(account.name);
  await page.getByLabel(/^(Password|密码)/).fill(account.password);
  await page.getByRole("button", { name: /^(Create account and sign in|创建账号并登录)$/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /^(Can they take money\?|终端现在能收款吗？)$/ })).toBeVisible();
}
