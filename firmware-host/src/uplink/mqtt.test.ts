import { startBroker } from '../testing/broker.ts';
import { startMosquitto } from '../testing/mosquitto.ts';
import { uplinkContract } from './uplink.contract.ts';

uplinkContract('mqtt on aedes', { kind: 'mqtt', startBroker: (pki) => startBroker(pki) });
uplinkContract('mqtt on Mosquitto', { kind: 'mqtt', startBroker: startMosquitto });
