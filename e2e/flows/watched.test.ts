/**
 * `siaga watch` as a program of its own beside a platform: it tells by e-mail when the platform is killed, when it is
 * back, and when its audit was cut behind its back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startFakeEmail } from '@siaga/cloud/testing';
import { expect, test } from 'vitest';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { freePorts } from '../harness/npm-start.ts';
import { startProgram } from '../harness/programs.ts';
import { joinStaff, setupToken, tellThem } from '../harness/staff.ts';

test('killed, back, and with a cut audit: the watcher tells of each by e-mail', async () => {
  const flow = openFlow('watched');
  const email = await startFakeEmail();
  flow.atEnd(() => email.close());
  const [watchPort] = await freePorts(1);
  const secret = 'between the two machines';
  const watcher = startProgram('siaga', ['watch'], {
    ...email.env,
    SIAGA_WATCH_PORT: String(watchPort),
    SIAGA_WATCH_SECRET: secret,
    SIAGA_WATCH_TELL: `email:${email.address}`,
    // 6 s: a restart of the platform on a busy machine is shorter.
    SIAGA_WATCH_SILENT_MIN: '0.1',
    SIAGA_WATCH_STATE: join(flow.folder, 'watch.json'),
  });
  flow.atEnd(() => watcher.stop());
  await watcher.line(({ msg }) => msg === 'watching');

  const settings = {
    catalogue: writeCatalogue(flow.folder, [{ id: 'sungai' }]),
    stations: ['sungai'],
    env: {
      SIAGA_HEARTBEAT_URL: `http://127.0.0.1:${watchPort}/`,
      SIAGA_HEARTBEAT_TOKEN: secret,
      SIAGA_HEARTBEAT_S: '1',
    },
  };
  let platform = await flow.platform(settings);
  const data = join(flow.folder, 'platform');
  const password = 'three words by the river';
  const ani = await joinStaff(platform.httpUrl, { token: setupToken(data), login: 'ani', name: 'Ani', password });
  await tellThem(ani, { contacts: { email: email.address } });
  const subjects = () => email.mails.map(({ subject }) => subject ?? '');
  const told = (what: RegExp) => eventually(String(what), () => subjects().some((subject) => what.test(subject)));
  expect(subjects()).toEqual([]);

  platform.program.kill('SIGKILL');
  const killedAtMs = performance.now();
  await platform.program.exited;
  await told(/^Test network has been silent/);
  expect(performance.now() - killedAtMs).toBeGreaterThan(4_000);
  platform = await flow.again(platform, settings);
  await told(/^Test network is back/);

  const heldBefore = await eventually('the audit to be known', async () => {
    const lines = await ani.ask<{ head: { no: number } }>('GET', '/audit?limit=1');
    return lines.head.no;
  });
  // It comes with the next heartbeat.
  await eventually('the watcher to know it', async () => {
    const held = JSON.parse(readFileSync(join(flow.folder, 'watch.json'), 'utf8')) as { audit: { no: number } };
    return held.audit.no >= heldBefore;
  });
  await platform.program.stop();
  const database = new DatabaseSync(join(data, 'siaga.db'));
  database.exec('DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE no = (SELECT max(no) FROM audit)');
  database.close();
  platform = await flow.again(platform, settings);
  await told(/the record of acts was changed/);
  const mail = email.mails.find(({ subject }) => subject?.includes('record'));
  expect(mail?.text).toMatch(/line \d+ .*(was there before|is another|was changed)/);
});
