/** What the fleet page says of a device that is not well: what a person reads, and what mends it. All words stand here. */
import type { LineProblem, StartReason } from '@siaga/protocol';

/** `now`: the station is blind or soon will be; `soon`: with the next tour; `desk`: settled without a visit. */
export const urgencies = ['now', 'soon', 'desk'] as const;
export type Urgency = (typeof urgencies)[number];

export const visitCodes = [
  'offline',
  'never-heard',
  'line',
  'sensor',
  'maintenance-forgotten',
  'battery',
  'under-voltage',
  'disk',
  'not-kept',
  'backlog',
  'certificate',
  'certificate-revoked',
  'certificate-none',
  'certificate-waited',
  'clock',
  'hot',
  'frames',
  'restarts',
  'crash',
  'relevel',
  'calibration',
  'firmware',
] as const;
export type VisitCode = (typeof visitCodes)[number];

/** How each is mended, in one line. */
export const mends: Readonly<Record<Exclude<VisitCode, 'line' | 'sensor'>, string>> = {
  offline:
    'Check power and network there. If its neighbours on the same network are offline too, ask the carrier first.',
  'never-heard': 'Install it, or take it out of the catalogue. On the machine: siaga-agent doctor.',
  'maintenance-forgotten':
    'If nobody is there any more: siaga-agent maintenance off. Until then its readings judge nothing.',
  battery: 'Look at the panel and its cable; bring a charged battery.',
  'under-voltage': 'A thicker or shorter supply cable, or a stronger supply: it will corrupt its card one day.',
  disk: 'Free space on the card, or bring a bigger one; until then the oldest delivered readings go first.',
  'not-kept': 'The disk was full or failed: look at it, and change a card that reports errors.',
  backlog: 'The link carries less than is measured: look at signal, antenna and data plan.',
  certificate:
    'It renews itself while it is online. If the day comes near: siaga pki allow, then siaga-agent provision.',
  'certificate-revoked':
    'It is kept out. If it is to come back: siaga pki allow, then siaga-agent provision on the machine.',
  'certificate-none': 'siaga pki allow, then siaga-agent provision on the machine; or siaga pki device.',
  'certificate-waited': 'On the machine: siaga-agent provision. When its time is over: siaga pki allow once more.',
  clock: 'It needs a way to a time server, or a clock chip. Until then its readings go by the time of receipt.',
  hot: 'Shade and air for the box; a light colour helps.',
  frames: 'Look at plugs, cable and ground; keep the cable away from the power line.',
  restarts: 'Look at its supply first, then at what siaga-agent doctor and its log say.',
  crash: 'See its log on the machine; report it with what siaga-agent doctor --json says.',
  relevel: 'Level it against its benchmark, then siaga-agent calibrate.',
  calibration: 'Open the device here and accept or refuse it: until then the stage goes by the old one.',
  firmware: 'Send the update from here, or with the next visit.',
};

/** What a line's problem is, and how it is mended. */
export const lineWords: Readonly<Record<LineProblem, { readonly says: string; readonly mend: string }>> = {
  'node-missing': {
    says: 'the sensor’s adapter is gone',
    mend: 'Plug the USB adapter in again; if it comes and goes, change it or its cable.',
  },
  'no-permission': {
    says: 'the agent may not open the sensor’s line',
    mend: 'Add the agent’s user to the group dialout and start it anew.',
  },
  'foreign-owner': {
    says: 'another program holds the sensor’s line',
    mend: 'Stop what holds it (ModemManager, a login console): siaga-agent doctor names it.',
  },
  'wrong-baud': {
    says: 'the line’s speed is not the sensor’s',
    mend: 'Set the model or its speed right in the agent’s settings; siaga-agent doctor tries them all.',
  },
  garbled: {
    says: 'what comes on the line is garbled',
    mend: 'Look at plugs, ground and water in the cable; check the model in the agent’s settings.',
  },
  silent: {
    says: 'nothing comes from the sensor',
    mend: 'Check its power and the receiving wire; then try another sensor.',
  },
  'sensor-dead': {
    says: 'the sensor says that it is dead',
    mend: 'Change the sensor, and calibrate the new one.',
  },
};

/** What the last readings say of the sensor. */
export const sensorWords = {
  'possibly-blocked': {
    says: 'something may stand before the sensor',
    mend: 'Look by camera or on site for webs, leaves and drift: it may also be water.',
  },
  'no-echo': {
    says: 'the sensor hears no echo',
    mend: 'Clean its face, check that it hangs level and that nothing but water is below it.',
  },
  'sensor-dead': lineWords['sensor-dead'],
} as const;

export const startWords: Readonly<Partial<Record<StartReason, string>>> = {
  crash: 'the agent crashed',
  watchdog: 'the agent hung and was restarted',
  power: 'the power failed',
  'roll-back': 'the last update failed and was rolled back',
};
