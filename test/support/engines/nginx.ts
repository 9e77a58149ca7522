import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, type Engine, startEngine, temporaryFolder } from './process.ts'

/** Starts nginx with these `server` blocks; ready when it accepts on `port`. */
export function startNginx(port: number, servers: string): Promise<Engine> {
  const folder = temporaryFolder('nginx')
  mkdirSync(join(folder.path, 'temp'))
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder.path}/temp;`,
  )
  const file = join(folder.path, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder.path}/nginx.pid; error_log stderr warn;
events { worker_connections 512; }
http { access_log off; ${temp.join(' ')} ${servers} }
`,
  )
  return startEngine({
    command: 'nginx',
    args: ['-p', folder.path, '-c', file],
    ready: () => accepts(port),
    stopSignal: 'SIGQUIT',
    cleanUp: () => folder[Symbol.dispose](),
  })
}
