//! The Dockerfile: what it promises the cluster that runs it, and what it takes for granted of the workspace.

use super::files::{file, root};

#[test]
fn the_image_runs_as_a_user_without_a_name_and_needs_no_buildkit() {
    let dockerfile = file("Dockerfile");
    let (_, last_stage) = dockerfile.rsplit_once("\nFROM ").unwrap();
    let user = last_stage
        .lines()
        .find_map(|line| line.strip_prefix("USER "))
        .unwrap();
    // Kubernetes' runAsNonRoot accepts numbers only.
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().unwrap()).collect();
    assert!(!ids.is_empty() && !ids.contains(&0), "USER {user}");
    assert!(
        !dockerfile.contains("--mount") && !dockerfile.contains("<<"),
        "only BuildKit knows these"
    );
    for binary in ["totals-api", "totals-worker"] {
        assert!(
            last_stage.contains(&format!("/src/target/release/{binary} ")),
            "{binary}"
        );
    }
}

#[test]
fn the_image_is_built_by_our_toolchain_from_the_whole_workspace() {
    let (dockerfile, workspace) = (file("Dockerfile"), file("Cargo.toml"));
    let toolchain = workspace
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap();
    let images = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM rust:"));
    for image in images {
        assert!(
            image.starts_with(&format!("{}-", toolchain.trim_matches('"'))),
            "rust:{image}"
        );
    }
    // .dockerignore lets in these two and no other, and the first stage keeps targets of three names.
    assert!(
        workspace.contains(r#"members = ["crates/*", "tests"]"#),
        ".dockerignore names the members"
    );
    let crates = std::fs::read_dir(root().join("crates")).unwrap();
    let manifests = crates.map(|entry| entry.unwrap().path().join("Cargo.toml"));
    for manifest in manifests.chain([root().join("tests/Cargo.toml")]) {
        let text = std::fs::read_to_string(&manifest).unwrap();
        for target in text.lines().filter_map(|line| line.strip_prefix("path = ")) {
            let name = target.trim_matches('"').rsplit('/').next();
            assert!(
                matches!(name, Some("build.rs" | "lib.rs" | "main.rs")),
                "{}: the Dockerfile's first stage removes {target}",
                manifest.display()
            );
        }
    }
}
