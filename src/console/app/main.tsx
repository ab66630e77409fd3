import { render } from 'preact'
import { App } from './app.tsx'
import { follow } from './live.ts'
import { startStore } from './store.ts'

startStore()
void follow()
render(<App />, document.getElementById('app')!)
