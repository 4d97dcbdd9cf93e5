/** One message as it came, in order of arrival. */
export type Mail = {
  readonly no: number;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly date: string | null;
};
