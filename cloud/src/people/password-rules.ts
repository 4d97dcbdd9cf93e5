/** What a password must be. Length counts, not classes of signs (NIST SP 800-63B §3.1.1). */
const minLength = 12;
const maxLength = 200;

/** Long enough by the letter, and still among the first that anybody tries; compared without digits at the end. */
const common = new Set(
  (
    'passwordpassword password1234 passw0rdpassw0rd adminadminadmin administrator administrator1 letmeinletmein ' +
    'welcomewelcome qwertyuiopas qwertyqwerty qwertyuiop123 1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 asdfghjklzxc ' +
    'iloveyouiloveyou trustno1trustno1 changemechangeme correcthorsebatterystaple siagasiagasiaga siagabanjir ' +
    'siaga1siaga1 jakartajakarta banjirbanjir rahasiarahasia bismillahirrahmanirrahim bismillah123 sayangsayang ' +
    'indonesiaraya indonesia1945 monitoringflood floodmonitoring supervisor1 operator1234 superadminsuperadmin'
  ).split(' '),
);

/** What is wrong with a password, or undefined. `known`: login and name of whose it is. */
export function passwordFault(password: string, known: readonly string[]): string | undefined {
  const text = password.normalize('NFKC').toLowerCase();
  const length = [...text].length;
  if (length < minLength) return `A password has at least ${minLength} characters; a few words are good.`;
  if (length > maxLength) return `A password has at most ${maxLength} characters.`;
  if (new Set(text).size < 5) return 'The password is made of too few different characters.';
  if (isRun(text)) return 'The password is a plain row of characters.';
  const bare = text.replace(/[\s\d.!_-]+$/, '');
  if (common.has(text) || common.has(bare)) return 'The password is among those that everybody tries first.';
  const words = known.flatMap((word) => word.toLowerCase().split(/[\s._-]+/)).filter((word) => word.length >= 3);
  let rest = text;
  for (const word of words) rest = rest.replaceAll(word, '');
  if (rest !== text && [...rest].length < 8) return 'The password is little more than the login or the name.';
  return undefined;
}

/** `123456789012`, `abcdefghijkl`: each one after the other. */
function isRun(text: string): boolean {
  const codes = [...text].map((sign) => sign.codePointAt(0) ?? 0);
  const steps = codes.slice(1).filter((code, i) => Math.abs(code - (codes[i] ?? 0)) === 1);
  return steps.length >= codes.length - 3;
}
