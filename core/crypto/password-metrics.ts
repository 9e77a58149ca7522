import { Counter, Gauge, type Registry } from 'prom-client'
import { passwordWork } from './passwords.ts'

/** Says how many passwords this process hashes, the most expensive thing that it does for strangers. */
export function registerPasswordMetrics(registry: Registry): void {
  const registers = [registry]
  new Counter({
    name: 'martello_password_hashes_total',
    help: 'Passwords hashed by this core process, to store or to check them',
    registers,
    collect() {
      this.reset()
      this.inc(passwordWork.begun)
    },
  })
  new Gauge({
    name: 'martello_password_hashes_waiting',
    help: 'Passwords that wait to be hashed; at 1000 more are refused',
    registers,
    collect() {
      this.set(passwordWork.waiting)
    },
  })
}
