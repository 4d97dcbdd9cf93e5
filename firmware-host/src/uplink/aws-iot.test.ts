import { startMosquitto } from '../testing/mosquitto.ts';
import { uplinkContract } from './uplink.contract.ts';

uplinkContract('aws-iot on Mosquitto', { kind: 'aws-iot', startBroker: startMosquitto });
