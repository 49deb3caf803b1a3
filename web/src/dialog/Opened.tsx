import { Accesses } from '../groups/Accesses.tsx'
import { CancelSeries } from '../groups/CancelSeries.tsx'
import { CheckInMany } from '../groups/CheckInMany.tsx'
import { GroupForm } from '../groups/GroupForm.tsx'
import { ImportForm } from '../groups/ImportForm.tsx'
import { RevealMany } from '../groups/RevealMany.tsx'
import type { Dialog } from './Dialogs.tsx'
import { Extend } from './Extend.tsx'
import { Cancel, CheckOut, ConfirmLeft, Disconnect, Reissue } from './Questions.tsx'
import { Readmit } from './Readmit.tsx'
import { VisitForm } from './VisitForm.tsx'
import { WlanAccess } from './WlanAccess.tsx'

export default function Opened({ dialog, close }: { dialog: Dialog; close: () => void }) {
  switch (dialog.kind) {
    case 'new':
      return <VisitForm when={dialog.days ? 'days' : dialog.walkIn ? 'now' : 'later'} close={close} />
    case 'change':
      return <VisitForm visit={dialog.visit} when="later" close={close} />
    case 'group':
      return <GroupForm close={close} />
    case 'import':
      return <ImportForm close={close} />
    case 'checkInMany':
      return <CheckInMany visits={dialog.visits} close={close} />
    case 'revealMany':
      return <RevealMany visits={dialog.visits} close={close} />
    case 'accesses':
      return <Accesses {...dialog} close={close} />
    case 'access':
      return <WlanAccess {...dialog} close={close} />
    case 'checkOut':
      return <CheckOut visit={dialog.visit} close={close} />
    case 'extend':
      return <Extend visit={dialog.visit} close={close} />
    case 'cancel':
      return <Cancel visit={dialog.visit} close={close} />
    case 'cancelSeries':
      return <CancelSeries visit={dialog.visit} close={close} />
    case 'disconnect':
      return <Disconnect visit={dialog.visit} session={dialog.session} close={close} />
    case 'reissue':
      return <Reissue visit={dialog.visit} close={close} />
    case 'confirmLeft':
      return <ConfirmLeft visit={dialog.visit} close={close} />
    case 'readmit':
      return <Readmit visit={dialog.visit} close={close} />
  }
}
