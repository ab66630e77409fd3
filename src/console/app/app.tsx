import { useEffect } from 'preact/hooks'
import { AlertDetail } from './alert-detail.tsx'
import { AlertList } from './alert-list.tsx'
import { Blocks } from './blocks.tsx'
import { Destinations } from './destinations.tsx'
import { Dialogs } from './dialogs.tsx'
import { Header } from './header.tsx'
import { Inputs } from './inputs.tsx'
import { paused, selected, setPaused } from './live.ts'
import { Problems } from './problems.tsx'
import { Silences } from './silences.tsx'
import { connection } from './store.ts'
import { Tiles } from './tiles.tsx'

export function App() {
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  if (connection.value === 'signed out') return <SignedOut />
  return (
    <>
      <Header />
      <main>
        <Problems />
        <Tiles />
        <div class="columns">
          <AlertList />
          <div class="side">
            <Destinations />
            <Blocks />
            <Silences />
            <Inputs />
          </div>
        </div>
      </main>
      <AlertDetail />
      <Dialogs />
    </>
  )
}

function SignedOut() {
  return (
    <main class="signed-out">
      <h1>Signed out</h1>
      <p>
        Open the console URL that <code>outrider up</code> printed.
      </p>
    </main>
  )
}

function onKey(event: KeyboardEvent) {
  const target = event.target as HTMLElement
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('dialog')) return
  if (event.key === 'Escape') selected.value = undefined
  if (target.closest('input, select, textarea')) return
  if (event.key === '/') {
    event.preventDefault()
    document.getElementById('search')?.focus()
  }
  if (event.key === 'p') setPaused(!paused.value)
}
