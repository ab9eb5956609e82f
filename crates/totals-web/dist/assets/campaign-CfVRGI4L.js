import{a as e,i as t,n,r,t as i}from"./status-BMC6aRyp.js";import{C as a,T as o,d as s,i as c,n as l,t as u}from"./define-ae1K8xSt.js";import{t as d}from"./address-B5KncgsJ.js";var f=5e3,{words:p,locale:m,isWall:h}=t(),g=class extends c{#e=new l(f,e=>{document.title=e});constructor(){super(),this.campaign=d(location.pathname)}isNothing(e){return e===null||e.minor===0n}watch(e,t){return e.watchCampaign(this.campaign,t)}viewed({value:e}){let t=e?.title??this.campaign;this.#e.set(e&&!this.isNothing(e)?`${s(m,e.currency,e.minor,`round`)} · ${t}`:t)}createRenderRoot(){return this}render(){let{campaign:t}=this,n=this.view?.value,i=n?e(p,n):``;return o`${h?a:o`<nav><a href=${r(`/`)}>${p.say(`allCampaigns`)}</a></nav>`}
      <section class="hero">
        <h1><bdi dir="auto">${n?.title??(n===void 0?`\xA0`:t)}</bdi></h1>
        ${i?o`<p class="when">${i}</p>`:a}
        <campaign-total campaign=${t} details ?over=${h}></campaign-total>
        <campaign-thermometer campaign=${t}></campaign-thermometer>
      </section>
      <div class="beside">
        ${h?a:o`<growth-history campaign=${t}></growth-history>`}
        <section class="latest">
          <h2>${p.say(`latest`)}</h2>
          <campaign-donations campaign=${t} limit=${h?1:8}></campaign-donations>
        </section>
      </div>
      <footer><live-status campaign=${t}></live-status></footer>`}};u(),customElements.define(`live-status`,i),customElements.define(`growth-history`,n),customElements.define(`campaign-page`,g);