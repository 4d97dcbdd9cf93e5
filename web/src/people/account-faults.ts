import { passwordRules } from './password-rules.ts';
import { peopleWords } from './words.ts';

/** The protocol's `LoginName`, as an input's `pattern`. */
export const loginPattern = '[a-z0-9][a-z0-9._\\-]{1,39}';
const login = new RegExp(`^${loginPattern}$`);
const email = /^[^@\s]+@[^@\s]+$/;
const phone = /^\+[1-9]\d{6,14}$/;
const telegram = /^-?\d{1,20}$/;
const webhook = /^https?:\/\//;

/** What is wrong with a new password typed twice; empty when nothing is. */
export function newPasswordFaults(
  password: string,
  again: string,
  known: readonly string[],
): { password?: string; again?: string } {
  const broken = passwordRules(password, known).find((rule) => !rule.kept);
  if (broken) return { password: peopleWords.password.broken(broken.text) };
  return password === again ? {} : { again: peopleWords.password.differs };
}

export function identityFaults(person: { login: string; name: string }): { login?: string; name?: string } {
  return {
    ...(login.test(person.login) ? {} : { login: peopleWords.loginFault }),
    ...(person.name.trim() === '' ? { name: peopleWords.nameFault } : {}),
  };
}

export type ContactTexts = { email: string; phone: string; telegram: string; webhook: string };

/** What is wrong with contacts as typed; empty ones are fine. */
export function contactFaults(typed: ContactTexts): Partial<Record<keyof ContactTexts, string>> {
  const bad = (text: string, form: RegExp) => text.trim() !== '' && !form.test(text.trim());
  return {
    ...(bad(typed.email, email) ? { email: peopleWords.emailFault } : {}),
    ...(bad(typed.phone, phone) ? { phone: peopleWords.me.phoneFault } : {}),
    ...(bad(typed.telegram, telegram) ? { telegram: peopleWords.me.telegramFault } : {}),
    ...(bad(typed.webhook, webhook) ? { webhook: peopleWords.me.webhookFault } : {}),
  };
}

type WelcomeForm = {
  readonly kind: 'setup' | 'invite' | 'reset';
  readonly login: string;
  readonly name: string;
  readonly password: string;
  readonly again: string;
  readonly email: string;
};

/** What keeps a welcome form from being sent, by its fields. */
export function welcomeFaults(
  form: WelcomeForm,
): Partial<Record<'login' | 'name' | 'password' | 'again' | 'email', string>> {
  const passwords = newPasswordFaults(form.password, form.again, [form.login, form.name]);
  if (form.kind === 'reset') return passwords;
  return {
    ...identityFaults(form),
    ...passwords,
    ...contactFaults({ email: form.email, phone: '', telegram: '', webhook: '' }),
  };
}
