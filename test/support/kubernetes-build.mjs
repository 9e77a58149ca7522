// Builds Kubernetes' programs from Debian's source package, once per machine: no distribution ships a server to
// install. Plain JavaScript, so that it runs under whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPrograms } from '../programs.mjs'

const VERSION = '1.20.2'
const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl']
const BUILT_WITH = ['golang-go', 'rsync', 'jq', 'make']
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'martello')
const BUILT = join(CACHE, `kubernetes-${VERSION}`)
const SELF = fileURLToPath(import.meta.url)

const isBuilt = () => PROGRAMS.every((name) => existsSync(join(BUILT, name)))

/**
 * The folder with Kubernetes' programs, building them when they are not there yet (minutes, with progress on
 * stderr). A second caller waits for the first. Fails with what to install, or with what went wrong.
 * @returns {Promise<string>}
 */
export async function ensureKubernetesBuilt() {
  if (isBuilt()) return BUILT
  const missing = missingPrograms().filter(({ debian }) => BUILT_WITH.includes(debian))
  if (missing.length > 0)
    throw new Error(`to build Kubernetes: apt-get install ${missing.map(({ debian }) => debian).join(' ')}`)
  mkdirSync(CACHE, { recursive: true })
  // The lock is the kernel's: it goes with the process that holds it, however that one ends.
  const builder = spawn('flock', [`${BUILT}.lock`, process.execPath, SELF, 'build'], { stdio: ['ignore', 2, 2] })
  const [code] = await once(builder, 'exit')
  if (code !== 0 || !isBuilt()) throw new Error('Kubernetes was not built; the messages above say why')
  return BUILT
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.at(-1)} failed with exit code ${status}`)
}

/** The source entries that belong to apt's package entries, in a folder of our own: apt's setup is left as it is. */
function writeSourceEntries(folder) {
  const etc = '/etc/apt'
  const parts = existsSync(`${etc}/sources.list.d`) ? readdirSync(`${etc}/sources.list.d`) : []
  const files = ['sources.list', ...parts.map((name) => `sources.list.d/${name}`)]
  for (const file of files.filter((name) => /\.(list|sources)$/.test(name) && existsSync(join(etc, name)))) {
    const text = readFileSync(join(etc, file), 'utf8')
    const entries = file.endsWith('.list')
      ? text.replace(/^\s*deb-src\s.*$/gm, '').replace(/^\s*deb\s/gm, 'deb-src ')
      : text.replace(/^Types:.*$/gim, 'Types: deb-src')
    writeFileSync(join(folder, file.replace('/', '-')), entries)
  }
}

/** Downloads the source package through apt, which checks its signatures; returns the upstream archive. */
function download(work) {
  for (const name of ['sources', 'lists/partial', 'apt-cache/archives/partial'])
    mkdirSync(join(work, name), { recursive: true })
  writeSourceEntries(join(work, 'sources'))
  const settings = [
    'Dir::Etc::SourceList=/dev/null',
    `Dir::Etc::SourceParts=${work}/sources`,
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}/apt-cache`,
    'APT::Sandbox::User=',
  ].flatMap((setting) => ['-o', setting])
  // An unreachable archive of somebody else is no reason to stop: whether the source is found decides.
  spawnSync('apt-get', [...settings, 'update', '-qq'], { stdio: ['ignore', 2, 2] })
  run('apt-get', [...settings, 'source', '-qq', '--download-only', 'kubernetes'], { cwd: work })
  const archive = readdirSync(work).find((name) => name.endsWith(`${VERSION}.orig.tar.gz`))
  if (archive === undefined) throw new Error(`apt's source package is not Kubernetes ${VERSION}: ${readdirSync(work)}`)
  return join(work, archive)
}

const REFLECT2 = 'vendor/github.com/modern-go/reflect2'
/** What the field list of Go's own map iterator goes on with. */
const ITERATOR_FIELDS = [
  't, h, buckets, bptr unsafe.Pointer',
  'overflow, oldoverflow *[]unsafe.Pointer',
  'startBucket uintptr',
  'offset uint8',
  'wrapped bool',
  'b, i uint8',
  'bucket, checkBucket uintptr',
]
/** As in reflect2 1.0.2: since Go 1.18 who iterates brings the iterator, and servers with custom resources crash without. */
const MENDED = [
  ['unsafe_link.go', 'm unsafe.Pointer) *hiter', 'm unsafe.Pointer, it *hiter)'],
  ['unsafe_link.go', '\t// rest fields are ignored', ITERATOR_FIELDS.map((field) => `\t${field}`).join('\n')],
  [
    'unsafe_map.go',
    'return &UnsafeMapIterator{',
    'it := &hiter{}\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), it)\n\treturn &UnsafeMapIterator{',
  ],
  ['unsafe_map.go', 'mapiterinit(type2.rtype, *(*unsafe.Pointer)(obj)),', 'it,'],
]

function mend(source) {
  for (const [name, before, after] of MENDED) {
    const file = join(source, REFLECT2, name)
    const text = readFileSync(file, 'utf8')
    if (!text.includes(before)) throw new Error(`${name} is not the one that has to be mended`)
    writeFileSync(file, text.replace(before, after))
  }
}

/** Debian's own Go comes first: a newer one elsewhere on the machine may not build this source. */
function compile(source, work) {
  const go = ['/usr/lib/go-1.19/bin', '/usr/bin'].find((folder) => existsSync(join(folder, 'go')))
  const targets = PROGRAMS.map((name) => `cmd/${name}`).join(' ')
  run('make', ['-C', source, 'CGO_ENABLED=0', `KUBE_GIT_VERSION=v${VERSION}`, `WHAT=${targets}`], {
    env: {
      PATH: `${go}:${process.env.PATH}`,
      HOME: homedir(),
      GOCACHE: join(work, 'go-cache'),
      GOPROXY: 'off',
      CGO_ENABLED: '0',
    },
  })
}

/** Puts the programs, and not the generators that were built on the way, into their place at once. */
function keep(source, work) {
  const output = join(source, '_output/local/bin/linux')
  const programs = join(work, 'programs')
  mkdirSync(programs)
  for (const name of PROGRAMS) renameSync(join(output, readdirSync(output)[0], name), join(programs, name))
  rmSync(BUILT, { recursive: true, force: true })
  renameSync(programs, BUILT)
}

function build() {
  if (isBuilt()) return
  const work = `${BUILT}.building`
  const source = join(work, 'source')
  const started = Date.now()
  rmSync(work, { recursive: true, force: true })
  mkdirSync(source, { recursive: true })
  try {
    console.error(`Kubernetes ${VERSION}: downloading the source …`)
    run('tar', ['-xzf', download(work), '--strip-components=1', '-C', source])
    mend(source)
    console.error(`Kubernetes ${VERSION}: building (about five minutes on two cores, once per machine) …`)
    compile(source, work)
    keep(source, work)
    console.error(`Kubernetes ${VERSION}: in ${BUILT} after ${Math.round((Date.now() - started) / 1000)} s`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === SELF) {
  try {
    if (process.argv[2] === 'build') build()
    else console.log(await ensureKubernetesBuilt())
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
