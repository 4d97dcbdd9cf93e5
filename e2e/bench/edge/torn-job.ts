/** What the victim of the torn-writes bench tells. */
export type VictimTells =
  | {
      readonly event: 'open';
      readonly stream: string;
      readonly lastSeq: number;
      readonly lost: readonly (readonly [number, number])[];
      readonly settled: readonly (readonly [number, number])[];
      /** From this number on nothing that the cloud says is believed without having been sent by this run. */
      readonly doubtFrom: number;
      /** seq and content of all that can be read. */
      readonly held: readonly (readonly [number, number])[];
    }
  | { readonly event: 'storing'; readonly content: number }
  | {
      readonly event: 'stored';
      readonly stream: string;
      readonly seq: number;
      readonly content: number;
      /** The log's length then: what lies beyond was never synced. */
      readonly bytes: number;
    };
