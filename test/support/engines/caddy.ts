import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, type Engine, startEngine, temporaryFolder } from './process.ts'

/** Starts Caddy with these site blocks; ready when it accepts on `port`. */
export function startCaddy(port: number, sites: string): Promise<Engine> {
  const folder = temporaryFolder('caddy')
  const file = join(folder.path, 'Caddyfile')
  writeFileSync(file, `{\n  admin off\n  auto_https off\n}\n${sites}\n`)
  return startEngine({
    command: 'caddy',
    args: ['run', '--config', file, '--adapter', 'caddyfile'],
    env: { ...process.env, HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path },
    ready: () => accepts(port),
    cleanUp: () => folder[Symbol.dispose](),
  })
}
