/** One rule of a password, and whether it is kept. */
export type PasswordRule = { readonly text: string; readonly kept: boolean };

const minLength = 12;

/**
 * What a password must be, told as it is typed. Never stricter than the server, which decides and knows more: such as
 * those that everybody tries first. Length counts, not classes of signs (NIST SP 800-63B, 3.1.1).
 */
export function passwordRules(password: string, known: readonly string[]): PasswordRule[] {
  const text = password.normalize('NFKC').toLowerCase();
  const words = known.flatMap((name) => name.toLowerCase().split(/[\s._-]+/)).filter((word) => word.length >= 3);
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), text);
  const ownWords = rest === text || [...rest].length >= 8;
  return [
    { text: `At least ${minLength} characters; a few words are good`, kept: [...text].length >= minLength },
    {
      text: 'More than your name, and not a few signs over and over',
      kept: ownWords && new Set(text).size >= 5,
    },
  ];
}
