/** Largest payload on any topic, in bytes (AWS IoT Core's own limit). */
export const maxPayloadBytes = 128 * 1024;

/** Largest MQTT packet: the payload, a topic and the fixed header with room to spare. */
export const maxPacketBytes = maxPayloadBytes + 1024;

/** Most readings in one message. */
export const maxReadingsPerMessage = 1000;

/** Most ranges that a receipt lists as missing, or a message declares as lost. */
export const maxRangesPerMessage = 32;
