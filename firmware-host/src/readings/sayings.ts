const sayingsKept = 4;

/** The newest different sayings of a sensor; `add` tells whether it is a new one. */
export function createSayings() {
  let sayings: readonly string[] = [];
  return {
    all: () => sayings,
    add(text: string): boolean {
      if (sayings.includes(text)) return false;
      sayings = [...sayings, text].slice(-sayingsKept);
      return true;
    },
  };
}
