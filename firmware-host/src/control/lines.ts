/** Cuts a byte stream into lines of bounded length. */

export type LineCutter = {
  /** The lines that these bytes complete, without their ends; null when a line grew beyond the bound. */
  push(bytes: Uint8Array): string[] | null;
};

export function createLineCutter(maxBytes: number): LineCutter {
  let pending = Buffer.alloc(0);
  return {
    push(bytes) {
      let rest = pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([pending, bytes]);
      const lines: string[] = [];
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        if (end > maxBytes) return null;
        lines.push(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > maxBytes) return null;
      pending = rest;
      return lines;
    },
  };
}
