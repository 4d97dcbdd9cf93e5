import type { Page } from 'playwright-core';

export type NewPerson = {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
};

/** A first admin for tests and pictures. */
export const ani: NewPerson = {
  login: 'ani',
  name: 'Ani Wijaya',
  email: 'ani@example.org',
  password: 'the river is rising tonight',
};

/** Fills in the page that a one-time link opens; Enter there makes the account. */
export async function fillWelcome(page: Page, link: string, person: NewPerson): Promise<void> {
  await page.goto(link);
  const form = page.getByTestId('welcome-form');
  await form.locator('input[name=username]').fill(person.login);
  await form.locator('input[name=name]').fill(person.name);
  for (const input of await form.locator('input[type=password]').all()) await input.fill(person.password);
  await form.locator('input[type=email]').fill(person.email);
}

/** Makes the account; resolves when its owner is signed in. */
export async function beWelcomed(page: Page): Promise<void> {
  await page.keyboard.press('Enter');
  await page.getByTestId('session-menu').waitFor();
}
