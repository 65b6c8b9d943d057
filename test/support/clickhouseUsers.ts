/**
 * The embedded engine started with the files of deploy/clickhouse-server, as a server lays them over its own. The engine logs in as
 * `default` whatever it is told, so `default` is given what the file gives to the user that is asked for: profile, quota and grants.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../adapters/packageRoot.ts';

export type ClickhouseUser = 'earshot' | 'earshot_reader';

const FILES = join(packageRoot, 'deploy', 'clickhouse-server');

/** What a server has before the files of deploy/ come over it, as far as it matters here. */
const BARE_CONFIG = '<clickhouse><users_config>users.xml</users_config></clickhouse>';
const BARE_USERS = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users><default><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default></users>
</clickhouse>`;

/** The arguments by which an engine takes the files; they are written into the folder. */
export function engineArgsAs(user: ClickhouseUser, folder: string): readonly string[] {
  for (const name of ['config.d', 'users.d']) mkdirSync(join(folder, name), { recursive: true });
  const config = join(folder, 'config.xml');
  writeFileSync(config, BARE_CONFIG.replace('users.xml', join(folder, 'users.xml')));
  writeFileSync(join(folder, 'users.xml'), BARE_USERS);
  const server = readFileSync(join(FILES, 'config.xml'), 'utf8');
  // The embedded engine sets its own level, and would tell everything.
  writeFileSync(join(folder, 'config.d', 'earshot.xml'), server.replace('<console>1<', '<console>0<'));
  writeFileSync(join(folder, 'users.d', 'earshot.xml'), usersWithDefaultAs(user));
  return [`--config-file=${config}`];
}

function usersWithDefaultAs(user: ClickhouseUser): string {
  const users = readFileSync(join(FILES, 'users.xml'), 'utf8');
  const [, body] = new RegExp(`\\n {8}<${user}>\\n( {12}<networks>[^]*?)\\n {8}</${user}>`).exec(users) ?? [];
  if (body === undefined) throw new Error(`users.xml has no user ${user}`);
  const [before, after] = users.split(/<users>[^]*<\/users>/);
  return `${before}<users><default replace="replace"><password/>${body}</default></users>${after}`;
}
