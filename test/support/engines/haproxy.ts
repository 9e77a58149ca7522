import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, type Engine, startEngine, temporaryFolder } from './process.ts'

/** Starts HAProxy with this configuration, `pem` in place of its certificate; ready when it accepts on `port`. */
export function startHaproxy(port: number, configuration: string, pem: string): Promise<Engine> {
  const folder = temporaryFolder('haproxy')
  const certificate = join(folder.path, 'certificate.pem')
  const file = join(folder.path, 'haproxy.cfg')
  writeFileSync(certificate, pem, { mode: 0o600 })
  writeFileSync(file, `${configuration.replace(/ crt \S+/, ` crt ${certificate}`)}\n`)
  return startEngine({
    command: 'haproxy',
    args: ['-db', '-f', file],
    ready: () => accepts(port),
    cleanUp: () => folder[Symbol.dispose](),
  })
}
