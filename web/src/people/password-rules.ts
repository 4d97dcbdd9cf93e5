/** One rule of a password, and whether it is kept. */
export type PasswordRule = { readonly text: string; readonly kept: boolean };

export const minPasswordLength = 12;

/**
 * What a good password needs, checked as it is typed; the server decides by the same rules and more. Length counts, not
 * character classes (NIST SP 800-63B, 5.1.1.2).
 */
export function passwordRules(password: string, known: readonly string[]): PasswordRule[] {
  const plain = password.toLowerCase();
  const parts = known.map((word) => word.trim().toLowerCase()).filter((word) => word.length >= 3);
  return [
    {
      text: `At least ${minPasswordLength} characters; a few words are good`,
      kept: [...password].length >= minPasswordLength,
    },
    {
      text: 'Not made of your name, and not one sign over and over',
      kept: password !== '' && !parts.some((part) => plain.includes(part)) && new Set(plain).size >= 5,
    },
  ];
}
