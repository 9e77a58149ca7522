import assert from 'node:assert/strict'
import { parse } from 'yaml'

interface Service {
  readonly image: string
  readonly container_name: string
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly expose: readonly string[]
  readonly ports: readonly { target: number; published: string; protocol: string; host_ip?: string }[]
  readonly network_mode?: string
  readonly networks?: readonly string[]
  readonly restart: string
  readonly read_only: boolean
  readonly tmpfs: readonly string[]
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly pids_limit: number
  readonly mem_limit?: number
  readonly cpus?: number
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> }
}

const KNOWN = [
  'image',
  'container_name',
  'command',
  'environment',
  'labels',
  'expose',
  'ports',
  'network_mode',
  'networks',
  'restart',
  'read_only',
  'tmpfs',
  'cap_drop',
  'security_opt',
  'pids_limit',
  'mem_limit',
  'cpus',
  'logging',
]

/** `docker run …` for the one service of a Compose file, as Compose would make its container. */
export function composeRun(text: string): readonly string[] {
  const { services } = parse(text.replaceAll('$$', '$')) as { services: Record<string, Service> }
  const [service, ...more] = Object.values(services)
  assert.deepEqual([more.length, Object.keys(service!).filter((key) => !KNOWN.includes(key))], [0, []])
  const { image, command = [], ports, networks = [], logging, ...is } = service!
  const pairs = (flag: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`])
  const each = (flag: string, values: readonly (string | number | undefined)[]) =>
    values.flatMap((value) => (value === undefined ? [] : [flag, String(value)]))
  return [
    ...['run', '--detach', '--name', is.container_name],
    ...pairs('--env', is.environment),
    ...pairs('--label', is.labels),
    ...each('--expose', is.expose),
    ...each(
      '--publish',
      ports.map(({ host_ip, published, target, protocol }) =>
        [...(host_ip === undefined ? [] : [host_ip]), published, `${target}/${protocol}`].join(':'),
      ),
    ),
    ...each('--network', [is.network_mode, ...networks]),
    ...each('--restart', [is.restart]),
    ...(is.read_only ? ['--read-only'] : []),
    ...each('--tmpfs', is.tmpfs),
    ...each('--cap-drop', is.cap_drop),
    ...each('--security-opt', is.security_opt),
    ...each('--pids-limit', [is.pids_limit]),
    ...each('--memory', [is.mem_limit]),
    ...each('--cpus', [is.cpus]),
    ...each('--log-driver', [logging.driver]),
    ...pairs('--log-opt', logging.options),
    image,
    ...command,
  ]
}
