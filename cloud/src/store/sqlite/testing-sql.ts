import { DatabaseSync } from 'node:sqlite';

/** Runs statements on a database's file, past everything that guards it. */
export function runSql(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}
