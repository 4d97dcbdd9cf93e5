/** Text from outside on its way to people: stays text, keeps its letters, is cut between whole characters. */
import type { Notice } from './notifier.ts';

// Controls do harm in headers and terminals; bidirectional overrides can turn a line's meaning round. Letters of
// right-to-left scripts need neither and stay.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Lines end in \n; at most `max` UTF-16 units, the cut shown by an ellipsis. */
export function cleanText(text: string, max: number): string {
  return cut(
    text
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      .replace(harmful, ''),
    max,
  );
}

/** The same on one line. */
export function cleanLine(text: string, max: number): string {
  return cut(cleanText(text, Number.POSITIVE_INFINITY).replace(/\s+/g, ' ').trim(), max);
}

/** Never within a character that people see as one. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  for (const { index, segment } of graphemes.segment(text.slice(0, max + 64))) {
    if (index + segment.length > max - 1) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end).trimEnd()}…`;
}

const drillMark = 'DRILL:';

/** A drill says so first of all, by the notice's field and whatever its text says; once. */
export function marked(notice: Notice, text: string): string {
  return notice.drill && !text.startsWith(drillMark) ? `${drillMark} ${text}` : text;
}

/** Subject, text and link as one plain message, at most `max` UTF-16 units; the link comes last and is never cut. */
export function wholeText(notice: Notice, max: number): string {
  const link = notice.link === null ? '' : cleanLine(notice.link, 2000);
  const lines = notice.text.split('\n').filter((line) => link === '' || line.trim() !== link);
  const head = marked(notice, cleanLine(notice.subject, 200));
  const from = cleanLine(notice.deployment, 100);
  const tail = [
    ...(notice.text.includes(notice.deployment) ? [] : [from]),
    ...(notice.drill ? ['An exercise: nothing of it is real.'] : []),
    ...(link === '' ? [] : [link]),
  ].join('\n');
  const end = tail === '' ? '' : `\n\n${tail}`;
  return `${cleanText(`${head}\n\n${lines.join('\n')}`, max - end.length)}${end}`;
}
