import { type Check, fail, pass, warn } from './check.ts';

/** The file of settings, and the variables that change it. */
export const settings: Check = {
  name: 'settings',
  needs: 'nothing',
  async run({ file }) {
    if (file.settings === null) return file.faults.map((fault) => fail(fault, file.mend));
    const { config, warnings } = file.settings;
    const sensors = config.gauges.map(({ gauge, sensor }) => `${gauge} (${sensor})`).join(', ');
    return [
      pass(`${file.path}: station ${config.station}, ${sensors}`),
      ...warnings.map((words) => warn(words, 'correct the name, or unset it')),
    ];
  },
};
