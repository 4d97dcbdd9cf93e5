/**
 * Registers of a sensor over Modbus RTU, by the library `modbus-serial`, which is loaded with the first poll: few
 * gauges need it, and it costs memory. It never opens a serial port here: it is given ours.
 *
 * One request at a time, always the same one, so that a late answer cannot be taken for another register's; each
 * within `timeoutMs`.
 */
import type library from 'modbus-serial';
import { messageOf } from '../../errors.ts';
import type { BusLine, Decoded, Poller } from '../driver.ts';
import { modbusPort } from './modbus-port.ts';

type Client = InstanceType<typeof library.default>;

export type ModbusRead = {
  readonly unit: number;
  /** `holding` registers are function 3, `input` registers function 4. */
  readonly table: 'holding' | 'input';
  /** As it goes over the wire, from 0. */
  readonly address: number;
  readonly count: number;
  readonly timeoutMs: number;
  decode(registers: readonly number[]): Decoded[];
};

export function modbusPoller(line: BusLine, read: ModbusRead): Poller {
  let opening: Promise<Client> | null = null;
  let opened: Client | null = null;
  let answerBytes = 0;

  const open = async (): Promise<Client> => {
    const { default: modbus } = await import('modbus-serial');
    const client = new modbus.default(modbusPort(line, (bytes) => (answerBytes = bytes)));
    await new Promise<void>((resolve) => client.open(() => resolve()));
    client.setID(read.unit);
    client.setTimeout(read.timeoutMs);
    // An error that belongs to no request would else end the process; ours are told by the request.
    client.on('error', () => undefined);
    opened = client;
    return client;
  };
  return {
    async poll() {
      opening ??= open().catch((error) => {
        opening = null;
        throw error;
      });
      const client = await opening;
      answerBytes = 0;
      try {
        const { data } = await (read.table === 'holding'
          ? client.readHoldingRegisters(read.address, read.count)
          : client.readInputRegisters(read.address, read.count));
        return { decoded: read.decode(data), bytes: answerBytes };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null) throw new Error(messageOf(error), { cause: error });
        const text = `unit ${read.unit} refuses register ${hex(read.address)}: ${refusal}; check unit and register`;
        return { decoded: [{ kind: 'problem', text }], bytes: answerBytes };
      }
    },
    close() {
      // Ends the wait for an answer, whose promise is then nobody's.
      opened?.destroy(() => undefined);
    },
  };
}

/** The words of a Modbus exception, which is an answer; null for anything else that went wrong. */
function refusalOf(error: unknown): string | null {
  const known = typeof error === 'object' && error !== null && 'modbusCode' in error;
  return known ? messageOf(error).replace(/^(Error: )?Modbus exception \d+: /, '') : null;
}

function hex(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(4, '0')}`;
}
