// Everything as `npm start` runs it, used with the programs that people use. One fleet serves all suites, in order.
import { after, before, describe } from 'node:test'
import { type RunningFleet, startFleet } from '#test/support/fleet.ts'
import { directorySuite } from './suites/directory.ts'
import { forwardSuite } from './suites/forward.ts'
import { networkSuite } from './suites/network.ts'
import { revocationSuite } from './suites/revocation.ts'
import { sampleSuite } from './suites/sample.ts'
import { supervisionSuite } from './suites/supervision.ts'
import { survivalSuite } from './suites/survival.ts'

let fleet: RunningFleet
before(async () => {
  fleet = await startFleet()
})
after(() => fleet[Symbol.asyncDispose]())

const suites = {
  'the application behind the proxy': sampleSuite,
  'the application behind another reverse proxy': forwardSuite,
  'the directory': directorySuite,
  'the network': networkSuite,
  'access that ends': revocationSuite,
  'a core that dies': survivalSuite,
  'the fleet on one machine': supervisionSuite,
}
for (const [name, suite] of Object.entries(suites)) describe(name, () => suite(() => fleet))
