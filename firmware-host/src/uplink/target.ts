/** Where the broker is, out of the settings. Pure. */
import type { UplinkConfig } from './config.ts';

export type Target = {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The protocol to be asked for by ALPN; null for none. */
  readonly alpn: string | null;
};

const mqttPort = 8883;
/** Firewalls that shut 8883 leave 443 open; AWS IoT Core then tells MQTT from HTTP by this name. */
const webPort = 443;
const alpnOnWebPort = 'x-amzn-mqtt-ca';

export function targetOf({ url, alpn }: Pick<UplinkConfig, 'url' | 'alpn'>): Target {
  const { hostname, port: text } = new URL(url);
  const port = text === '' ? mqttPort : Number(text);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port, alpn: alpn ?? (port === webPort ? alpnOnWebPort : null) };
}
