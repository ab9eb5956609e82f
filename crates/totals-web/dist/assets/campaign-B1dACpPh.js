import{a as e,i as t,n,r,t as i}from"./status-D68rvDe9.js";import{T as a,d as o,i as s,n as c,t as l,w as u}from"./define-C3MYW1tG.js";import{t as d}from"./address-B5KncgsJ.js";var f=5e3,{words:p,locale:m,isWall:h}=t(),g=class extends s{#e=new c(f,e=>{document.title=e});constructor(){super(),this.campaign=d(location.pathname)}isNothing(e){return e===null||e.minor===0n}watch(e,t){return e.watchCampaign(this.campaign,t)}viewed({value:e}){let t=e?.title??this.campaign;this.#e.set(e&&!this.isNothing(e)?`${o(m,e.currency,e.minor,`round`)} · ${t}`:t)}createRenderRoot(){return this}render(){let{campaign:t}=this,n=this.view?.value,i=n?e(p,n):``;return a`${h?u:a`<nav><a href=${r(`/`)}>${p.say(`allCampaigns`)}</a></nav>`}
      <section class="hero">
        <h1><bdi dir="auto">${n?.title??(n===void 0?`\xA0`:t)}</bdi></h1>
        ${i?a`<p class="when">${i}</p>`:u}
        <campaign-total campaign=${t} details ?over=${h}></campaign-total>
        <campaign-thermometer campaign=${t}></campaign-thermometer>
      </section>
      <div class="beside">
        ${h?u:a`<growth-history campaign=${t}></growth-history>`}
        <section class="latest">
          <h2>${p.say(`latest`)}</h2>
          <campaign-donations campaign=${t} limit=${h?1:8}></campaign-donations>
        </section>
      </div>
      <footer><live-status campaign=${t}></live-status></footer>`}};l(),customElements.define(`live-status`,i),customElements.define(`growth-history`,n),customElements.define(`campaign-page`,g);