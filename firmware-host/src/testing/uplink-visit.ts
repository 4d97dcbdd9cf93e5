/** A process that connects, publishes one message, closes, and then has nothing left to do. */
import { pino } from 'pino';
import { offlineHealth } from '../uplink/device.ts';
import { openUplink } from '../uplink/index.ts';

const [config = '{}', station = ''] = process.argv.slice(2);
let number = 0;
const uplink = openUplink(
  {
    station,
    config: JSON.parse(config),
    nextConnection: async () => ++number,
    willOf: offlineHealth,
    log: pino({ level: 'silent' }),
  },
  {
    async onConnected() {
      process.stdout.write('connected\n');
      await uplink.publish('readings', new TextEncoder().encode('visit'));
      await uplink.close();
      process.stdout.write('closed\n');
    },
    onDisconnected: () => undefined,
    onMessage: () => undefined,
  },
);
