import type { Priority } from '@siaga/protocol';
import { tones } from './calls.ts';

const longestMuteMs = 5 * 60_000;

/**
 * Tones for alarms that call. Browsers let a page sound only after a gesture, so it starts off and says so; a mute ends
 * by itself. Real time: an ear is muted, not the flood's clock.
 */
export class AlarmSound {
  on = $state(false);
  mutedUntilMs = $state(0);
  #context: AudioContext | undefined;

  async enable(): Promise<void> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
    this.on = this.#context.state === 'running';
    this.test();
  }

  disable() {
    this.on = false;
    void this.#context?.suspend();
  }

  mute() {
    this.mutedUntilMs = Date.now() + longestMuteMs;
  }

  unmute() {
    this.mutedUntilMs = 0;
  }

  /** Sounds even while muted: it was asked for. */
  test() {
    if (this.on) this.#sound('high');
  }

  call(priority: Priority) {
    if (this.on && Date.now() >= this.mutedUntilMs) this.#sound(priority);
  }

  #sound(priority: Priority) {
    const context = this.#context;
    if (context === undefined) return;
    const { hz, times } = tones[priority];
    for (let beep = 0; beep < times; beep++) {
      const start = context.currentTime + 0.02 + beep * 0.34;
      const gain = context.createGain();
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(0.25, start + 0.02);
      gain.gain.setValueAtTime(0.25, start + 0.2);
      gain.gain.linearRampToValueAtTime(0, start + 0.24);
      const tone = new OscillatorNode(context, { frequency: hz, type: 'triangle' });
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.26);
    }
  }
}
