//! Servers as containers of a Docker engine.
//!
//! A container is not a child process, so the supervisor that ends our processes cannot end it. Instead
//! each carries a label with its owner's process id, and those whose owner is gone are removed the
//! next time services are wanted.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use testcontainers::bollard::query_parameters::{
    KillContainerOptions, ListContainersOptions, RemoveContainerOptions, RemoveVolumeOptions,
};
use testcontainers::bollard::{Docker, errors::Error as EngineError};
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::{IntoContainerPort, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError};
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::directories::workspace;
use crate::kind::Kind;

const PING_TIMEOUT: Duration = Duration::from_secs(3);
const PULL_TIMEOUT: Duration = Duration::from_mins(10);
const LIVENESS_INTERVAL: Duration = Duration::from_millis(500);
const STOP_GRACE_SECONDS: i32 = 15;

const OWNER: &str = "dev-services.owner";
const WORKSPACE: &str = "dev-services.workspace";

/// Image name and tag for each server.
fn image(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::MongoDb => ("mongo", "8.0"),
        Kind::RabbitMq => ("rabbitmq", "4.3-management"),
    }
}

/// Why Docker cannot help.
#[derive(Debug)]
pub(crate) enum DockerUnavailable {
    /// No engine is there: nothing unusual.
    Absent(String),
    /// One is there and cannot be used, which its owner may not expect.
    Unusable(String),
}

/// Makes sure that an engine answers and has the image, pulling it if need be.
pub(crate) async fn available(kind: Kind) -> Result<(), DockerUnavailable> {
    let engine = docker_client_instance().await;
    let engine =
        engine.map_err(|error| DockerUnavailable::Absent(format!("there is no Docker engine ({error})")))?;
    match timeout(PING_TIMEOUT, engine.version()).await {
        Ok(Ok(_)) => {}
        // An engine that is there and refuses says why: rights, a version it does not speak.
        Ok(Err(EngineError::DockerResponseServerError { message, .. })) => {
            return Err(DockerUnavailable::Unusable(format!(
                "the Docker engine refuses: {message}"
            )));
        }
        Ok(Err(error)) => {
            return Err(DockerUnavailable::Absent(format!(
                "no Docker engine answers ({error})"
            )));
        }
        Err(_) => {
            return Err(DockerUnavailable::Unusable(
                "the Docker engine does not answer in time".to_owned(),
            ));
        }
    }
    remove_abandoned(&engine).await;
    let (name, tag) = image(kind);
    let reference = format!("{name}:{tag}");
    if engine.inspect_image(&reference).await.is_ok() {
        return Ok(());
    }
    tracing::info!("pulling the Docker image {reference} (once)");
    let reason = match timeout(PULL_TIMEOUT, GenericImage::new(name, tag).pull_image()).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => format!("the Docker engine cannot pull {reference} ({error})"),
        Err(_) => format!(
            "pulling {reference} took more than {} minutes",
            PULL_TIMEOUT.as_secs() / 60
        ),
    };
    Err(DockerUnavailable::Unusable(reason))
}

/// What a container is to run.
pub(crate) struct Plan {
    pub kind: Kind,
    /// The port on this machine.
    pub port: u16,
    pub command: Vec<String>,
    pub env: Vec<(&'static str, &'static str)>,
    /// Where the image has its data.
    pub data: &'static str,
    /// The port that the server listens on inside.
    pub inner_port: u16,
}

/// A named volume of the Docker engine.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Wipe what it holds.
    pub fresh: bool,
}

/// A container, created and running.
#[derive(Debug)]
pub(crate) struct Container {
    kind: Kind,
    handle: ContainerAsync<GenericImage>,
    wanted: bool,
}

impl Container {
    /// Creates and starts a container. The volume keeps its data; without one they go with the container.
    pub async fn create(plan: Plan, volume: Option<Volume>) -> Result<Self, Error> {
        let (name, tag) = image(plan.kind);
        let mut request: ContainerRequest<GenericImage> = GenericImage::new(name, tag)
            .with_mapped_port(plan.port, plan.inner_port.tcp())
            .with_label(OWNER, std::process::id().to_string())
            .with_label(WORKSPACE, workspace().to_string_lossy())
            // RabbitMQ's data belong to a node named for its host.
            .with_hostname("dev-services");
        if !plan.command.is_empty() {
            request = request.with_cmd(plan.command);
        }
        for (name, value) in plan.env {
            request = request.with_env_var(name, value);
        }
        if let Some(volume) = volume {
            if volume.fresh {
                remove_volume(&volume.name).await?;
            }
            request = request.with_mount(Mount::volume_mount(volume.name, plan.data));
        }
        let handle = request.start().await.map_err(failed("create a container"))?;
        Ok(Self {
            kind: plan.kind,
            handle,
            wanted: true,
        })
    }

    /// Starts the container unless it runs.
    pub async fn launch(&mut self) -> Result<(), Error> {
        if !self.wanted {
            self.handle.start().await.map_err(failed("start a container"))?;
            self.wanted = true;
        }
        Ok(())
    }

    pub async fn stop(&mut self) -> Result<(), Error> {
        self.wanted = false;
        self.handle
            .stop_with_timeout(Some(STOP_GRACE_SECONDS))
            .await
            .map_err(failed("stop a container"))
    }

    pub async fn kill(&mut self) -> Result<(), Error> {
        self.wanted = false;
        let options = KillContainerOptions {
            signal: "SIGKILL".to_owned(),
        };
        let engine = docker_client_instance().await.map_err(TestcontainersError::from);
        let engine = engine.map_err(failed("kill a container"))?;
        let killed = engine.kill_container(self.handle.id(), Some(options)).await;
        killed.map_err(|error| failed("kill a container")(TestcontainersError::other(error)))
    }

    pub async fn pause(&mut self) -> Result<(), Error> {
        self.handle.pause().await.map_err(failed("pause a container"))
    }

    pub async fn resume(&mut self) -> Result<(), Error> {
        self.handle.unpause().await.map_err(failed("resume a container"))
    }

    /// Returns once the container has ended without having been asked to.
    pub async fn died(&mut self) -> Error {
        while !self.wanted || self.handle.is_running().await.unwrap_or(true) {
            sleep(LIVENESS_INTERVAL).await;
        }
        let id = self.handle.id();
        Error::Docker {
            kind: self.kind,
            reason: format!("container {id} ended unexpectedly, see `docker logs {id}`"),
        }
    }

    pub fn id(&self) -> &str {
        self.handle.id()
    }
}

async fn remove_volume(volume: &str) -> Result<(), Error> {
    let engine = docker_client_instance().await.map_err(TestcontainersError::from);
    let engine = engine.map_err(failed("remove a volume"))?;
    match engine.remove_volume(volume, None::<RemoveVolumeOptions>).await {
        Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        Err(error) => Err(failed("remove a volume")(TestcontainersError::other(error))),
    }
}

/// Removes this workspace's containers whose owner is gone. Best effort: what stays is met again next time.
async fn remove_abandoned(engine: &Docker) {
    let label = format!("{WORKSPACE}={}", workspace().display());
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let options = ListContainersOptions {
        all: true,
        filters: Some(filters),
        ..Default::default()
    };
    for container in engine.list_containers(Some(options)).await.unwrap_or_default() {
        let owner = container.labels.as_ref().and_then(|labels| labels.get(OWNER));
        if let (Some(id), Some(owner)) = (container.id, owner)
            && !Path::new("/proc").join(owner).exists()
        {
            remove(engine, &id).await;
        }
    }
}

async fn remove(engine: &Docker, id: &str) {
    let options = RemoveContainerOptions {
        force: true,
        v: true,
        ..Default::default()
    };
    if let Err(error) = engine.remove_container(id, Some(options)).await {
        tracing::warn!("cannot remove container {id}, left over from an earlier run: {error}");
    }
}

fn failed(action: &'static str) -> impl FnOnce(TestcontainersError) -> Error {
    move |source| Error::Container { action, source }
}
