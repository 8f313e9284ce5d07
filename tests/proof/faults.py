"""Every fault of the provider that has a name, and what it has to lead to."""

from tests.proof.faults_download import DOWNLOAD
from tests.proof.faults_executions import EXECUTIONS
from tests.proof.faults_poll import POLL
from tests.proof.faults_submit import SUBMIT

FAULTS = (*SUBMIT, *POLL, *EXECUTIONS, *DOWNLOAD)
