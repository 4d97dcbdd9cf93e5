/** What a key asks of the alarm list. */
export type AlarmAction =
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'acknowledge'
  | 'shelve'
  | 'open'
  | 'select'
  | 'fold'
  | 'resume'
  | 'help'
  | 'leave';

export const alarmKeys: Readonly<Record<string, AlarmAction>> = {
  j: 'next',
  k: 'previous',
  a: 'acknowledge',
  s: 'shelve',
  x: 'select',
  g: 'fold',
  r: 'resume',
  '?': 'help',
};

const always: Readonly<Record<string, AlarmAction>> = { Escape: 'leave' };
const inRows: Readonly<Record<string, AlarmAction>> = {
  ArrowDown: 'next',
  ArrowUp: 'previous',
  Home: 'first',
  End: 'last',
  Enter: 'open',
};

export type Stroke = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'defaultPrevented' | 'repeat'>;

/**
 * The action of a key press, if any. Letters count only with shortcuts on and while nobody types; a held key moves, but
 * never acknowledges or shelves.
 */
export function actionOf(
  stroke: Stroke,
  place: { readonly typing: boolean; readonly inRow: boolean; readonly shortcuts: boolean },
): AlarmAction | undefined {
  if (stroke.ctrlKey || stroke.metaKey || stroke.altKey || stroke.defaultPrevented) return undefined;
  const letter = place.shortcuts && !place.typing ? alarmKeys[stroke.key] : undefined;
  const action = always[stroke.key] ?? (place.inRow ? inRows[stroke.key] : undefined) ?? letter;
  if (stroke.repeat && action !== 'next' && action !== 'previous') return undefined;
  return place.typing && action !== 'leave' ? undefined : action;
}
