import type { Delta, Heartbeat, Snapshot } from '@siaga/protocol';
import { type FeedFault, fetchNames, fetchSnapshot } from '../feed/client.ts';
import { localTimer } from '../feed/local-time.ts';
import { delayedAfterMs, type Feed, notLiveAfterMs, openFeed, type Place } from '../feed/stream.ts';
import { unknownActors } from './actors.ts';
import { applyDelta, applySnapshot, type Situation } from './apply.ts';
import { type LinkState, learnClock, linkState, type ServerClock, serverNowMs, startClock } from './freshness.ts';

/** The live picture: what the server last said, and how old that is. One for the page's life. */
export class LiveSituation {
  situation = $state.raw<Situation>();
  link = $state<LinkState>('starting');
  /** The server's time, ms UTC; moves about once a second with the frames that are painted. */
  nowMs = $state(0);
  speed = $state(1);
  /** Real ms since the last event of the stream. */
  linkAgeMs = $state(0);
  /** When the server committed the newest message, ms UTC of its clock. */
  watermarkMs = $state<number | null>(null);
  /** The server's time at the last event of the stream. */
  lastHeardMs = $state<number>();
  fault = $state.raw<FeedFault>();
  /** Another build than the one that this page came with runs on the server. */
  outdated = $state(false);

  #clock: ServerClock | undefined;
  #timer = localTimer();
  #feed: Feed;
  #lastTickMs = Number.NEGATIVE_INFINITY;
  #firstBuild: string | undefined;
  /** Whose names were asked for in vain: deleted since, and not to be asked for with every change. */
  #nameless = new Set<string>();

  constructor() {
    this.#feed = openFeed(
      {
        snapshot: (snapshot, atMs) => this.#takeSnapshot(snapshot, atMs),
        delta: (place, delta, atMs) => this.#takeDelta(place, delta, atMs),
        heartbeat: (heartbeat, atMs) => this.#takeHeartbeat(heartbeat, atMs),
        fault: (fault) => {
          this.fault = fault;
        },
      },
      {
        fetchSnapshot,
        openStream: (url) => new EventSource(url),
        nowMs: this.#timer,
        random: Math.random,
      },
    );
  }

  /** Starts the ticking and the watchdog; returns what ends them. */
  run(): () => void {
    let frame = 0;
    const onFrame = () => {
      this.#tick();
      frame = requestAnimationFrame(onFrame);
    };
    onFrame();
    // Frames stop in a hidden tab, the watchdog must not.
    const watchdog = setInterval(() => {
      this.#tick();
      this.#feed.watch();
    }, 1000);
    const onWake = () => {
      this.#tick();
      const silent = this.link === 'delayed' || this.link === 'not-live';
      if (document.visibilityState === 'visible' && silent) this.#feed.reconnect();
    };
    const wakes: [EventTarget, string][] = [
      [document, 'visibilitychange'],
      [window, 'online'],
      [window, 'pageshow'],
    ];
    for (const [target, name] of wakes) target.addEventListener(name, onWake);
    return () => {
      cancelAnimationFrame(frame);
      clearInterval(watchdog);
      for (const [target, name] of wakes) target.removeEventListener(name, onWake);
      this.#feed.stop();
    };
  }

  /** After signing in or out: what one may see is another, so everything is taken anew. */
  sessionChanged() {
    this.#feed.restart();
  }

  /** People come and go without a change of the picture. What cannot be fetched stays as it was known. */
  async learnNames(): Promise<void> {
    if (!this.situation?.staff?.session.permissions.includes('people:names')) return;
    const names = await fetchNames();
    if (!names.ok || !this.situation?.staff) return;
    const people = new Map(names.value.map((person) => [person.id, person]));
    this.situation = { ...this.situation, staff: { ...this.situation.staff, people } };
  }

  /** A colleague who came after the picture was taken has acted: names are looked up, each id once. */
  #meetUnknown(situation: Situation) {
    const unknown = unknownActors(situation).filter((id) => !this.#nameless.has(id));
    if (unknown.length === 0) return;
    for (const id of unknown) this.#nameless.add(id);
    void this.learnNames();
  }

  #takeSnapshot(snapshot: Snapshot, atMs: number) {
    this.fault = undefined;
    this.#clock = startClock(Date.parse(snapshot.serverTime), atMs, snapshot.speed);
    this.watermarkMs = snapshot.watermark === null ? null : Date.parse(snapshot.watermark);
    this.#firstBuild ??= snapshot.build;
    this.outdated = snapshot.build !== this.#firstBuild;
    // Only the stream proves that the page is live: a snapshot counts as hearing when it is the first.
    this.#tick(true, this.situation === undefined);
    this.situation = applySnapshot(this.situation, snapshot);
    this.#nameless.clear();
  }

  #takeDelta(place: Place, delta: Delta, atMs: number) {
    this.#learnTime(delta.serverTime, atMs, this.speed);
    const receivedMs = delta.values.map(({ value }) => Date.parse(value.receivedAt));
    this.watermarkMs = Math.max(this.watermarkMs ?? 0, ...receivedMs) || null;
    if (this.situation === undefined) return;
    const applied = applyDelta(this.situation, place.epoch, delta);
    if (!applied.ok) return this.#feed.restart();
    const drillBefore = this.situation.staff?.session.drill;
    this.situation = applied.situation;
    this.#meetUnknown(this.situation);
    // A stream shows the drill that its reader took part in when it was opened.
    if (this.situation.staff?.session.drill !== drillBefore) this.#feed.restart();
  }

  #takeHeartbeat(heartbeat: Heartbeat, atMs: number) {
    this.fault = undefined;
    this.#learnTime(heartbeat.serverTime, atMs, heartbeat.speed);
    this.watermarkMs = heartbeat.watermark === null ? null : Date.parse(heartbeat.watermark);
    this.outdated = heartbeat.build !== this.#firstBuild;
  }

  #learnTime(serverTime: string, atMs: number, speed: number) {
    if (this.#clock) this.#clock = learnClock(this.#clock, Date.parse(serverTime), atMs, speed);
    this.#tick(true);
  }

  /** Brings link state and server time up to now; the shown seconds at most five times a real second. */
  #tick(learnt = false, heard = learnt) {
    const localMs = this.#timer();
    const lastEventAtMs = this.#feed?.lastEventAtMs();
    this.link = linkState(lastEventAtMs, localMs, { delayedAfterMs, notLiveAfterMs });
    if (this.#clock === undefined) return;
    const serverMs = serverNowMs(this.#clock, localMs);
    if (heard) this.lastHeardMs = serverMs;
    const newSecond = Math.floor(serverMs / 1000) !== Math.floor(this.nowMs / 1000);
    if (!learnt && !(newSecond && localMs - this.#lastTickMs >= 200)) return;
    this.#lastTickMs = localMs;
    this.speed = this.#clock.speed;
    this.nowMs = serverMs;
    this.linkAgeMs = lastEventAtMs === undefined ? 0 : localMs - lastEventAtMs;
  }
}
