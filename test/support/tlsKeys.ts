/** Keys for a server of tests, made anew each time by the `keytool` that comes with Java, and the certificate to know it by. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface TlsKeys {
  /** PKCS #12. */
  readonly storeFile: string;
  readonly storePassword: string;
  /** PEM. */
  readonly certificate: string;
}

export function makeTlsKeys(folder: string): TlsKeys {
  const storeFile = join(folder, 'keys.p12');
  const storePassword = 'only-for-tests';
  const keytool = (...args: string[]): string => {
    const store = ['-keystore', storeFile, '-storetype', 'PKCS12', '-storepass', storePassword, '-alias', 'broker'];
    const { status, stdout, stderr } = spawnSync('keytool', [...args, ...store], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`keytool: ${stdout}${stderr}`);
    return stdout;
  };
  keytool('-genkeypair', '-keyalg', 'EC', '-dname', 'CN=earshot-test', '-ext', 'san=ip:127.0.0.1', '-validity', '2');
  return { storeFile, storePassword, certificate: keytool('-exportcert', '-rfc') };
}
