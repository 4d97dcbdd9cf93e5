import { dirname, join } from 'node:path';
import { type Program, runProgram, startProgram } from './programs.ts';

export type PlatformSettings = {
  /** Holds database and certificates; the same folder resumes. */
  readonly data: string;
  readonly catalogue: string;
  /** Certificates are made for these. */
  readonly stations: readonly string[];
  readonly httpPort?: number;
  readonly mqttPort?: number;
  /** `SIAGA_CLOCK` text; the machine's time without. */
  readonly clock?: string;
  /** `SIAGA_LOG`; info without. */
  readonly log?: string;
  /** Settings beside these, e.g. of channels. */
  readonly env?: Readonly<Record<string, string>>;
};

/** A platform process on free ports of the loopback interface. */
export type PlatformProcess = {
  readonly program: Program;
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly pki: string;
};

/** Makes the certificates that are missing and starts `siaga serve`; resolves when both servers listen. */
export async function startPlatformProcess(settings: PlatformSettings): Promise<PlatformProcess> {
  makeCertificates(join(settings.data, 'pki'), settings.stations);
  return servePlatform(settings);
}

/** Starts `siaga serve` with the certificates that are there: what a restart does. */
export async function servePlatform(settings: PlatformSettings): Promise<PlatformProcess> {
  const pki = join(settings.data, 'pki');
  const program = startProgram('siaga', ['serve'], {
    SIAGA_DATA: settings.data,
    SIAGA_CATALOGUE: settings.catalogue,
    SIAGA_PKI: pki,
    SIAGA_HTTP_PORT: String(settings.httpPort ?? 0),
    SIAGA_MQTT_PORT: String(settings.mqttPort ?? 0),
    ...(settings.clock ? { SIAGA_CLOCK: settings.clock } : {}),
    ...(settings.log ? { SIAGA_LOG: settings.log } : {}),
    ...settings.env,
  });
  const { httpUrl, mqttUrl } = await program
    .line((line) => line.msg === 'listening')
    .catch(async (error: unknown) => {
      await program.stop();
      throw error;
    });
  return { program, httpUrl: String(httpUrl), mqttUrl: String(mqttUrl), pki };
}

/** A token to read with what is for staff only: made by the command line, beside the running platform. */
export function viewerToken({ pki }: Pick<PlatformProcess, 'pki'>): string {
  return runProgram('siaga', ['people', 'token', 'flow', '--role', 'viewer'], { SIAGA_DATA: dirname(pki) }).trim();
}

export function makeCertificates(pki: string, stations: readonly string[]): void {
  runProgram('siaga', ['pki', 'init', '--dir', pki]);
  runProgram('siaga', ['pki', 'server', '--dir', pki]);
  runProgram('siaga', ['pki', 'device', '--dir', pki, ...stations]);
}
