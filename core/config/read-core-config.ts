import { join, resolve } from 'node:path'
import { imageProblem } from '#schema/deployment/image.ts'
import { fillTemplate } from '#schema/deployment/template.ts'
import { PRIVATE_NETWORKS } from '#schema/kernel/networks.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { SettingsReader, type SettingsSource } from '#schema/kernel/settings.ts'
import { type CoreConfig, type DatabaseConfig, SSL_MODES } from './core-config.ts'
import { readSampleAddresses } from './sample-addresses.ts'
import { MIN_SECRET_KEY_CHARACTERS } from './secret-key-file.ts'

/** Settings of other processes of the fleet, which may stand in the same environment. */
const OF_OTHERS = [
  'MARTELLO_SUPERVISED',
  'MARTELLO_HOST',
  'MARTELLO_HOST_BROWSER',
  'MARTELLO_TOKEN',
  'MARTELLO_INSECURE',
  'MARTELLO_CONTROLLER__KINDS',
  ...['LDAP', 'LDAPS', 'RADIUS'].map((name) => `MARTELLO_LISTEN__${name}`),
  ...['PROXY_HTTPS', 'PROXY_METRICS', 'LDAP_METRICS', 'RADIUS_METRICS'].map((name) => `MARTELLO_LOCAL__${name}`),
]

/** What the settings say. */
export interface CoreSettings {
  readonly config: CoreConfig
  /** A sentence for each variable that nothing reads. */
  readonly warnings: readonly string[]
}

/** What the reader cannot do itself: the secret key of an embedded installation, made at its first start. */
export interface SecretKeyStore {
  /** The key kept in this file, which is made if it is not there. */
  load(file: string): string
}

/** The core's configuration (sheet core-domain §17); a ConfigError names every problem at once. */
export function readCoreConfig(source: SettingsSource, secretKeys: SecretKeyStore): CoreSettings {
  const settings = new SettingsReader(source)
  const dataDir = resolve(settings.optional('data_dir') || '.martello')
  const database = readDatabase(settings, dataDir)
  const given = readSecretKey(settings, database.kind)
  const config = {
    dataDir,
    database,
    listen: {
      http: settings.listen('listen.http', '127.0.0.1:9000'),
      https: settings.listen('listen.https', '127.0.0.1:9443'),
      metrics: settings.listen('listen.metrics', '127.0.0.1:9300'),
    },
    logLevel: settings.logLevel(),
    cookieDomain: readCookieDomain(settings),
    trustedProxyCidrs: settings.networks('listen.trusted_proxy_cidrs', PRIVATE_NETWORKS),
    bootstrap: {
      password: settings.secret('bootstrap_password'),
      token: settings.secret('bootstrap_token'),
      email: settings.optional('bootstrap_email') || undefined,
    },
    sample: {
      enabled: settings.boolean('sample', false),
      password: settings.secret('sample_password'),
      radiusSecret: settings.secret('sample_radius_secret'),
      addresses: readSampleAddresses(settings),
    },
    controllerToken: settings.secret('controller_token'),
    defaultTokenLength: settings.integer('default_token_length', 60, { min: 32, max: 255 }),
    outposts: readOutposts(settings),
  }
  const warnings = settings.finish(OF_OTHERS)
  return {
    config: { ...config, secretKey: given ?? new Secret(secretKeys.load(join(dataDir, 'secret_key'))) },
    warnings,
  }
}

/** RFC 6265 §4.1.2.3: a domain, which stands in a header as it is; a dot before it means nothing. */
const COOKIE_DOMAIN = /^\.?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?$/i

function readCookieDomain(settings: SettingsReader): string | undefined {
  const domain = settings.optional('cookie_domain') || undefined
  if (domain === undefined || (COOKIE_DOMAIN.test(domain) && !domain.includes('..'))) return domain
  settings.problem(`${SettingsReader.nameOf('cookie_domain')} is not a domain such as example.com`)
  return undefined
}

const IMAGE = 'ghcr.io/martello/outpost:%(version)s'

function readOutposts(settings: SettingsReader): CoreConfig['outposts'] {
  const containerImageBase = settings.text('outposts.container_image_base', IMAGE)
  const filled = fillTemplate(containerImageBase, { type: 'proxy', version: '1.0.0', build_hash: '0' })
  const problem = filled.kind === 'problem' ? filled.problem : imageProblem(filled.text)
  if (problem !== undefined) settings.problem(`${SettingsReader.nameOf('outposts.container_image_base')}: ${problem}`)
  return { containerImageBase, discover: settings.boolean('outposts.discover', true) }
}

/** The key that was given; undefined where it is to be made. */
function readSecretKey(settings: SettingsReader, database: DatabaseConfig['kind']): Secret | undefined {
  const given = settings.secret('secret_key')
  const wanted = `a random text of ${MIN_SECRET_KEY_CHARACTERS} characters or more`
  if (given === undefined && database === 'postgresql')
    settings.problem(`MARTELLO_SECRET_KEY is required with PostgreSQL: ${wanted}, the same for every replica`)
  if (given !== undefined && given.reveal().length < MIN_SECRET_KEY_CHARACTERS)
    settings.problem(`MARTELLO_SECRET_KEY is not ${wanted}`)
  return given
}

const isPort = (port: number) => port > 0 && port < 65_536

function readDatabase(settings: SettingsReader, dataDir: string): DatabaseConfig {
  const text = (name: string, fallback: string) =>
    settings.live(`postgresql.${name}`, fallback, (value) => value || undefined)
  const port = settings.live(
    'postgresql.port',
    5432,
    (value) => (/^\d{1,5}$/.test(value) && isPort(Number(value)) ? Number(value) : undefined),
    'a port number from 1 to 65535',
  )
  const server = {
    host: text('host', 'localhost'),
    port,
    name: text('name', 'martello'),
    user: text('user', 'martello'),
  }
  const password = settings.live('postgresql.password', new Secret(''), (value) => new Secret(value))
  const sslMode = settings.live(
    'postgresql.sslmode',
    'prefer',
    (value) => SSL_MODES.find((mode) => mode === value),
    `one of ${SSL_MODES.join(', ')}`,
  )
  if (!settings.has('postgresql.host')) return { kind: 'embedded', folder: dataDir }
  return { kind: 'postgresql', ...server, password, sslMode }
}
